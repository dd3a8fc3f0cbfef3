import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { takeApart, unknownFlag } from './arguments.ts';
import type { Call } from './protocol.ts';
import { FOLDER, IS_SYSTEM, keepLinger, managerSettings, USER } from './settings.ts';
import { VERBS } from './verbs.ts';
import type { Talk } from './verbs.ts';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The manager was told to go. */
  readonly isOver: boolean;
}

/** Does what one `systemctl` or `loginctl` says. */
export async function obey(call: Call): Promise<Answer> {
  const said = { stdout: '', stderr: '' };
  const talk: Talk = {
    out: (line) => void (said.stdout += `${line}\n`),
    err: (line) => void (said.stderr += `${line}\n`),
  };
  const code = await (call.name === 'loginctl' ? loginctl(call, talk) : systemctl(call, talk));
  return { code, ...said, isOver: code === 0 && call.name === 'systemctl' && takeApart(call.argv).words[0] === 'exit' };
}

function refuse({ err }: Talk, line: string): number {
  err(line);
  return 1;
}

function isBusReachable({ env }: Call): boolean {
  const { bus } = managerSettings(env);
  return bus === 'on' || (bus === 'needs-runtime-dir' && Boolean(env['XDG_RUNTIME_DIR']));
}

/** Anybody may look; who is not root may change nothing where that is wanted. */
function mayDo(verb: string, { env }: Call): boolean {
  const changes = ['start', 'stop', 'restart', 'enable', 'disable', 'kill', 'mask'].includes(verb);
  return !changes || !existsSync(join(FOLDER, 'needs-root')) || env['STAND_IN_ROOT'] === '1';
}

async function systemctl(call: Call, talk: Talk): Promise<number> {
  const args = takeApart(call.argv);
  const [verb = 'list-units', ...names] = args.words;
  if (args.flags.has('--version')) {
    talk.out('systemd 252 (252.39-1~deb12u1)');
    return 0;
  }
  const unknown = unknownFlag(args);
  if (unknown !== null) return refuse(talk, `systemctl: unrecognized option '${unknown}'`);
  if (!IS_SYSTEM && !isBusReachable(call)) return refuse(talk, 'Failed to connect to bus: No medium found');
  if (IS_SYSTEM && !mayDo(verb, call))
    return refuse(talk, `Failed to ${verb} ${names.join(' ')}: Interactive authentication required.`);
  const run = VERBS[verb];
  return run ? run(names, args, talk) : refuse(talk, `Unknown command verb ${verb}.`);
}

function loginctl({ argv, env }: Call, talk: Talk): number {
  const { words, properties, flags } = takeApart(argv);
  const [verb] = words;
  if (verb === 'enable-linger' || verb === 'disable-linger') {
    keepLinger(verb === 'enable-linger');
    return 0;
  }
  if (verb !== 'show-user') return refuse(talk, `Unknown command verb ${verb ?? ''}.`);
  const facts = {
    UID: String(process.getuid?.() ?? 0),
    Name: USER,
    State: 'active',
    Linger: managerSettings(env).linger ? 'yes' : 'no',
  };
  for (const [key, value] of Object.entries(facts)) {
    if (properties.length > 0 && !properties.includes(key)) continue;
    talk.out(flags.has('--value') ? value : `${key}=${value}`);
  }
  return 0;
}
