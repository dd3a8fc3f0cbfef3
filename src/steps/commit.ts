import { keep, type Step } from '../core/step.ts';

/**
 * The commit line. Up to here everything unwinds by itself and nothing has been said on the identity; it is durable before the first
 * real start.
 */
export function commit(): Step<null> {
  return {
    id: 'commit',
    title: 'Commit: from here on the gateway belongs to this machine',
    touches: 'new',
    before: () => Promise.resolve(null),
    apply: (world) => world.emit({ type: 'run.committed' }),
    undo: keep('the line is in the journal; what follows it is undone by its own steps'),
  };
}
