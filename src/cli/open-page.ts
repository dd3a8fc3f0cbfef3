import type { Host } from '../core/host.ts';
import { isCommandNotFound, run } from '../host/run.ts';

/** The opener hands the page on and ends; a browser that stays in its place is left alone after so long. */
const OPENER_MS = 10_000;

/** Who wants to see it, and where. */
interface Viewer {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
}

/**
 * Opens a page in the person's browser. Resolves with null, or with why it was not opened: for root, whose rights no browser should
 * have; where there is no screen; where nothing opens it. Never throws.
 */
export async function openPage(here: Host, page: string, viewer: Viewer): Promise<string | null> {
  const { uid, env, platform = process.platform } = viewer;
  if (uid === 0) return 'no browser is started as root';
  const isMac = platform === 'darwin';
  const hasScreen = isMac ? !env['SSH_CONNECTION'] : Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']);
  if (!hasScreen) return 'there is no screen here';
  const opener = isMac ? 'open' : 'xdg-open';
  try {
    const { code } = await run(here, [opener, page], { timeoutMs: OPENER_MS });
    return code === 0 ? null : `${opener} ended with exit code ${code ?? ''}`;
  } catch (error) {
    return isCommandNotFound(error) ? `${opener} is not installed here` : `${opener} did not end`;
  }
}
