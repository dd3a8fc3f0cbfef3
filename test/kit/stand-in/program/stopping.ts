import { trap } from './settings.ts';

/** How a gateway comes to its end. */
export interface Stopping {
  /** Says what to do at a signal; one that came during the start is heeded now. */
  end(tidy: () => void): void;
}

/** Takes the signals that end a gateway, and heeds them when the start is through. */
export function heedSignals(): Stopping {
  let tidy: (() => void) | null = null;
  let wasAsked = false;
  const stop = () => {
    if (trap('ignore-term')) return;
    wasAsked = true;
    if (!tidy) return; // a cold start does not heed signals before it is through
    const slow = trap('slow-stop');
    if (typeof slow === 'number') setTimeout(leave, slow);
    else leave();
  };
  const leave = () => {
    tidy?.();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  return {
    end(given) {
      tidy = given;
      if (wasAsked) stop();
    },
  };
}
