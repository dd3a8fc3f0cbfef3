import { readFileSync, writeFileSync } from 'node:fs';
import type { Arguments } from './arguments.ts';
import { HELD } from './protocol.ts';
import { killService, standingOf, startService, stopService } from './services.ts';
import { properties } from './show.ts';
import { FOLDERS, disable, enable, enabledUnits, fileState, isMasked, readUnit, unitFiles, unitName } from './units.ts';

/** What is said to who calls, a line each. */
export interface Talk {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

type Verb = (names: readonly string[], args: Arguments, talk: Talk) => Promise<number> | number;

async function each(names: readonly string[], one: (name: string) => Promise<number> | number): Promise<number> {
  let worst = 0;
  for (const name of names) worst = Math.max(worst, await one(unitName(name)));
  return worst;
}

async function startOne(verb: 'start' | 'restart', name: string, talk: Talk): Promise<number> {
  const { err } = talk;
  if (name === 'default.target') {
    writeFileSync(HELD, '');
    return each(enabledUnits(), (unit) => startOne('start', unit, talk));
  }
  if (isMasked(name)) {
    err(`Failed to ${verb} ${name}: Unit ${name} is masked.`);
    return 1;
  }
  if (!readUnit(name)) {
    err(`Failed to ${verb} ${name}: Unit ${name} not found.`);
    return 5;
  }
  if (verb === 'restart') await stopService(name);
  startService(name);
  return 0;
}

async function stopOne(name: string, { err }: Talk): Promise<number> {
  const { active } = standingOf(name);
  if (!readUnit(name) && active === 'inactive') {
    err(`Failed to stop ${name}: Unit ${name} not loaded.`);
    return 5;
  }
  await stopService(name);
  return 0;
}

const enableUnits: Verb = (names, args, talk) =>
  each(names, async (name) => {
    const { err } = talk;
    const unit = readUnit(name);
    if (!unit || isMasked(name)) {
      err(
        unit
          ? `Failed to enable unit: Unit file ${name} is masked.`
          : `Failed to enable unit: Unit file ${name} does not exist.`,
      );
      return 1;
    }
    for (const link of enable(unit)) err(`Created symlink ${link} → ${unit.path}.`);
    return args.flags.has('--now') ? startOne('start', name, talk) : 0;
  });

const disableUnits: Verb = (names, args, talk) =>
  each(names, async (name) => {
    const links = disable(name);
    if (links.length === 0 && !readUnit(name)) {
      talk.err(`Failed to disable unit: Unit file ${name} does not exist.`);
      return 1;
    }
    for (const link of links) talk.err(`Removed "${link}".`);
    return args.flags.has('--now') ? stopOne(name, talk) : 0;
  });

const isEnabled: Verb = (names, _, { out, err }) =>
  each(names, (name) => {
    const state = fileState(name);
    if (state === 'missing') err(`Failed to get unit file state for ${name}: No such file or directory`);
    else out(state);
    return state === 'enabled' || state === 'static' ? 0 : 1;
  });

const isActive: Verb = (names, args, { out }) => {
  const standings = names.map((name) => standingOf(unitName(name)));
  if (!args.flags.has('--quiet')) for (const { active } of standings) out(active);
  return standings.some(({ active }) => active === 'active') ? 0 : 3;
};

const show: Verb = (names, args, { out }) => {
  if (names.length === 0) {
    out(`UnitPath=${FOLDERS.join(' ')}`);
    return 0;
  }
  const blocks: string[] = [];
  for (const name of names) {
    const all = Object.entries(properties(unitName(name)));
    const chosen = all.filter(([key]) => args.properties.length === 0 || args.properties.includes(key));
    blocks.push(chosen.map(([key, value]) => (args.flags.has('--value') ? value : `${key}=${value}`)).join('\n'));
  }
  out(blocks.join('\n\n'));
  return 0;
};

const status: Verb = (names, _, { out, err }) =>
  each(names, (name) => {
    const unit = properties(name);
    if (unit['LoadState'] === 'not-found') {
      err(`Unit ${name} could not be found.`);
      return 4;
    }
    const { Description, FragmentPath, UnitFileState, ActiveState, SubState, MainPID } = unit;
    out(
      `● ${name} - ${Description ?? ''}\n     Loaded: loaded (${FragmentPath ?? ''}; ${UnitFileState ?? ''}; preset: enabled)`,
    );
    out(`     Active: ${ActiveState ?? ''} (${SubState ?? ''})`);
    if (MainPID !== '0') out(`   Main PID: ${MainPID ?? ''}`);
    return ActiveState === 'active' ? 0 : 3;
  });

const listUnitFiles: Verb = (patterns, args, { out }) => {
  const tests = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
  const names = unitFiles().filter((name) => tests.length === 0 || tests.some((test) => test.test(name)));
  const rows = names.map((name) => `${name} ${fileState(name)} enabled`);
  if (args.flags.has('--no-legend')) for (const row of rows) out(row);
  else out(['UNIT FILE STATE PRESET', ...rows, '', `${String(rows.length)} unit files listed.`].join('\n'));
  return rows.length > 0 ? 0 : 1;
};

const listUnits: Verb = (_, args, { out }) => {
  const all = unitFiles().map(properties);
  const seen = all.filter((unit) => args.flags.has('--all') || unit['ActiveState'] !== 'inactive');
  for (const unit of seen)
    out(['Id', 'LoadState', 'ActiveState', 'SubState', 'Description'].map((key) => unit[key]).join(' '));
  return 0;
};

const cat: Verb = (names, _, { out, err }) =>
  each(names, (name) => {
    const unit = readUnit(name);
    if (!unit) {
      err(`No files found for ${name}.`);
      return 1;
    }
    for (const path of [unit.path, ...unit.dropIns]) out(`# ${path}\n${readFileSync(path, 'utf8')}`);
    return 0;
  });

// A unit whose file lies in the home cannot be masked: the link would have to take the file's place.
const mask: Verb = (names, _, { err }) =>
  each(names, (name) => {
    const unit = readUnit(name);
    err(
      unit
        ? `Failed to mask unit: File ${unit.path} already exists.`
        : `Unit ${name} does not exist, proceeding anyway.`,
    );
    return unit ? 1 : 0;
  });

/** What `systemctl --user` can do; each verb returns the exit code of the real one. */
export const VERBS: Readonly<Record<string, Verb>> = {
  start: (names, _, talk) => each(names, (name) => startOne('start', name, talk)),
  restart: (names, _, talk) => each(names, (name) => startOne('restart', name, talk)),
  stop: (names, _, talk) => each(names, (name) => stopOne(name, talk)),
  kill: (names, { signal }) =>
    each(names, (unit) => {
      killService(unit, signal as NodeJS.Signals);
      return 0;
    }),
  enable: enableUnits,
  disable: disableUnits,
  mask,
  'is-enabled': isEnabled,
  'is-active': isActive,
  show,
  status,
  cat,
  'list-unit-files': listUnitFiles,
  'list-units': listUnits,
  'daemon-reload': () => 0,
  'reset-failed': () => 0,
  'is-system-running': (_, __, { out }) => {
    out('running');
    return 0;
  },
  exit: () => 0,
};
