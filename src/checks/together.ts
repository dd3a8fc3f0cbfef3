/**
 * Waits for looks that go on at the same time, and gives what each saw. When one fails it throws that, like `Promise.all`, but only
 * once all are over: a look that nobody waits for would still be at work while the machines are being put back.
 */
export async function together<T extends readonly unknown[]>(looks: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  await Promise.allSettled(looks);
  return await Promise.all(looks);
}
