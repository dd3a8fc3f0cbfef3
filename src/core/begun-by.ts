import type { Event } from './event.ts';

/** How a run was begun, for whoever begins it again. */
export interface BegunBy {
  /** The last `pull`, `sync` or `rehearse`, as it was called; empty where there was none. */
  readonly command: string;
  /** Did it follow the old machine, or was it about to? Not once the copy has become the gateway. */
  readonly follows: boolean;
}

const FLAG = /^sync (?:.* )?(?:--follow|-f)(?: |$)/;

/** What a run was last begun by. To follow may have been said in the environment: then the words to begin it again say so. Pure. */
export function begunBy(events: readonly Event[]): BegunBy {
  const at = events.findLastIndex(
    (event) => event.type === 'run.started' && /^(?:pull|sync|rehearse) /.test(event.command),
  );
  const start = events[at];
  if (start?.type !== 'run.started') return { command: '', follows: false };
  const { command } = start;
  const since = events.slice(at);
  const isSaid = FLAG.test(command);
  const isFollower = isSaid || since.some((event) => event.type === 'step.before' && event.step === 'follow');
  const follows = isFollower && !since.some(({ type }) => type === 'run.committed');
  return { command: isFollower && !isSaid ? `${command} --follow` : command, follows };
}
