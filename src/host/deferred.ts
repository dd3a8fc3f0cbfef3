/** A promise and the two ways to settle it. A rejection that nobody waits for is not an unhandled one. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  /** The first settling counts, later ones do nothing. */
  resolve(value: T): void {
    this.#resolve?.(value);
  }

  /** The first settling counts, later ones do nothing. */
  reject(reason: unknown): void {
    this.#reject?.(reason);
  }
}
