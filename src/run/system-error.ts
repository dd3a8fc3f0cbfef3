/** The code that the system gave an error (`ENOSPC`, `EEXIST`, ...), or null for any other thing thrown. Pure. */
export function errorCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}
