import type { Supervisor } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import { call, lastWord, pidIn, type Driver, type Verb } from './driver.ts';

/**
 * An agent or a daemon of launchd. Stopped means booted out of its domain, for one that is merely killed is started again; its plist
 * would bring it back at the next login, which `disable` keeps it from.
 */
export function launchd({ label, domain, plist, sudo }: Supervisor & { kind: 'launchd' }): Driver {
  const target = `${domain}/${label}`;
  const root = sudo ? ['sudo', '-n'] : [];
  const says: Readonly<Record<Verb, readonly string[]>> = {
    start: ['bootstrap', domain, plist],
    stop: ['bootout', target],
    enable: ['enable', target],
    disable: ['disable', target],
  };
  return {
    async look(place) {
      let overrides = await call(place, ['launchctl', 'print-disabled', domain]);
      // Nobody is logged in at the screen: the domain is not there, and what is disabled in it is known all the same.
      if (overrides?.code !== 0)
        overrides = await call(place, ['launchctl', 'print-disabled', domain.replace('gui/', 'user/')]);
      if (overrides?.code !== 0) return null;
      const shown = await call(place, ['launchctl', 'print', target]);
      const file = await call(place, ['test', '-f', plist]);
      if (shown === null || file === null) return null;
      const isLoaded = shown.code === 0;
      const state = isLoaded ? stateIn(shown.stdout.toString()) : { word: 'not loaded', pid: null };
      const installed = file.code === 0;
      const enabled = installed && !isDisabled(overrides.stdout.toString(), label);
      return {
        unit: label,
        installed,
        enabled,
        enabledAs: enabled ? 'enabled' : null,
        // One that is loaded and does not run may be run at any moment.
        active: isLoaded,
        activeState: state.word === 'running' ? 'active' : state.word,
        mainPid: state.pid,
      };
    },
    async tell({ verb, timeoutMs }, place) {
      const said = await call(place, [...root, 'launchctl', ...says[verb]], { timeoutMs });
      if (verb !== 'start') return lastWord(said);
      // What is loaded and waits is not started by loading it.
      return lastWord(await call(place, [...root, 'launchctl', 'kickstart', target], { timeoutMs })) || lastWord(said);
    },
    byHand: (verb) => [...(sudo ? ['sudo'] : []), 'launchctl', ...says[verb]].join(' '),
  };
}

/** `state = running` and `pid = 4711` of `launchctl print`, of the service itself: what it contains is indented further. */
function stateIn(text: string): { word: string; pid: number | null } {
  const word = /^\t?state = (.{1,40})$/m.exec(text)?.[1] ?? 'unknown';
  return { word: printable(word, 40), pid: pidIn(/^\t?pid = (\d+)$/m.exec(text)?.[1]) };
}

/** `"label" => disabled`; earlier releases said `true`. */
function isDisabled(text: string, label: string): boolean {
  return text.split('\n').some((line) => {
    const [, name, word] = /^\s*"([^"]*)" => (\w+)/.exec(line) ?? [];
    return name === label && (word === 'disabled' || word === 'true');
  });
}
