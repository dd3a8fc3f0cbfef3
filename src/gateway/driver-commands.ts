import type { Supervisor } from '../core/plan.ts';
import { call, lastWord, type Driver } from './driver.ts';

/** What it says is kept in a file that has no name any more: a gateway that it starts may hold on to it without holding us. */
const SCRIPT = `f=$(mktemp) || exit 1
/bin/sh -c "$1" </dev/null >"$f" 2>&1 3<"$f" &
p=$!
exec 3<"$f"
rm -f "$f"
wait "$p"
c=$?
tail -c 2000 <&3 >&2
exit "$c"`;

/** The person's own commands. They have to come back; what became of the gateway is seen by its signs of life alone. */
export function ownCommands({ stop, start }: Supervisor & { kind: 'commands' }): Driver {
  const says = { stop, start, enable: 'true', disable: 'true' };
  return {
    look: () => Promise.resolve(null),
    async tell({ verb, timeoutMs }, place) {
      const { home, binDir } = place.gateway;
      // Only added to, so that what the command needs of a login is there.
      const argv = ['/bin/sh', '-c', `PATH="$PATH:$2"; export PATH\n${SCRIPT}`, 'np', says[verb], binDir];
      return lastWord(await call(place, argv, { cwd: home, timeoutMs }));
    },
    byHand: (verb) => says[verb],
    isBlind: true,
  };
}
