/**
 * The other names that macOS has for a place: `/Users/x` is `/System/Volumes/Data/Users/x`, and `/var`, `/tmp` and `/etc` lie in
 * `/private`. The short name of a long one is given whatever the system, the long name of `/var` only on a Mac, as elsewhere it
 * is no name at all. Pure.
 */
export function macNames(path: string, platform: string): string[] {
  const isMac = /^darwin$/i.test(platform);
  const shorter =
    /^\/System\/Volumes\/Data(\/Users\/.+)$/.exec(path)?.[1] ??
    /^\/private(\/(?:var|tmp|etc)(?:\/.*)?)$/.exec(path)?.[1];
  if (shorter !== undefined) return [shorter];
  if (path.startsWith('/Users/')) return [`/System/Volumes/Data${path}`];
  return isMac && /^\/(?:var|tmp|etc)(?:\/|$)/.test(path) ? [`/private${path}`] : [];
}
