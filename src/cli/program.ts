import yargs, { type Argv } from 'yargs';
import { EXIT } from '../core/exit.ts';
import { fail, problemOf, PROBLEMS, type Problem, type ProblemError } from '../core/problem.ts';
import { isoTime } from '../core/timestamp.ts';
import { asOwner } from './as-owner.ts';
import { closest } from './closest.ts';
import { commandFirst } from './command-first.ts';
import type { Command } from './command.ts';
import { goOn } from './commands/continue.ts';
import { cutover } from './commands/cutover.ts';
import { pause } from './commands/pause.ts';
import { plan } from './commands/plan.ts';
import { pull } from './commands/pull.ts';
import { rehearse } from './commands/rehearse.ts';
import { report } from './commands/report.ts';
import { resume } from './commands/resume.ts';
import { rollback } from './commands/rollback.ts';
import { runs } from './commands/runs.ts';
import { service } from './commands/service.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { sync } from './commands/sync.ts';
import { unfence } from './commands/unfence.ts';
import { verify } from './commands/verify.ts';
import { flagsFromEnvironment } from './environment.ts';
import { jsonLine } from './ndjson.ts';
import { problemLines } from './problem-lines.ts';
import { paperOf } from './paper.ts';
import type { Surroundings } from './surroundings.ts';
import { refuseMisspeltCommand } from './words.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  pull,
  plan,
  rehearse,
  sync,
  service,
  cutover,
  resume,
  rollback,
  unfence,
  status,
  pause,
  goOn,
  stop,
  verify,
  report,
  runs,
] as readonly unknown[] as readonly Command[];

const NARROWEST = 60;
const WIDEST = 110;

const USAGE = `Moves a SmartAgentNeo gateway from the old machine to this one, over SSH.

  $0 user@oldhost           move it
  $0 plan user@oldhost      see first what would happen`;

const EPILOGUE = `Every flag can be set in the environment: NEO_PULL_KNOWN_HOSTS stands for --known-hosts.
Exit codes say what state the world is in; 3 to 9, 13 and 15 all mean that the old gateway runs as before. The README lists them.`;

/** Runs one command line to its exit code. Never throws: whatever goes wrong is told on stderr, and under --json as \`run.finished\`. */
export async function runProgram(around: Surroundings): Promise<number> {
  try {
    return await dispatch(around);
  } catch (error) {
    return tellFailure(problemOf(error), around);
  }
}

async function dispatch(around: Surroundings): Promise<number> {
  let exitCode: number = EXIT.done;
  let printed = '';
  const parser = foundation(around);
  for (const command of COMMANDS) {
    const names = command === pull ? [written(command), '$0'] : written(command);
    parser.command(
      names,
      command.describe,
      (inner) => declare(inner, command),
      async (argv: Record<string, unknown>) => {
        const word = wordOf(command, argv);
        if (command === pull && !named(argv, command))
          refuseMisspeltCommand(
            word,
            COMMANDS.map(({ name }) => name),
          );
        const flags: Record<string, unknown> & { word: string | null } = {
          ...flagsFromEnvironment(command.flags, around.env),
          ...argv,
          word,
        };
        exitCode = await command.run(flags, asOwner(command, flags['owner'], around));
      },
    );
  }
  await parser.parseAsync([...commandFirst(around.argv, COMMANDS)], {}, (_error, _argv, output) => {
    printed = output;
  });
  if (printed !== '') around.stdout.write(`${printed}\n`);
  return exitCode;
}

function foundation({ stdout, version }: Surroundings): Argv {
  return yargs()
    .scriptName('neo-pull')
    .usage(USAGE)
    .epilogue(EPILOGUE)
    .locale('en')
    .exitProcess(false)
    .wrap(Math.min(WIDEST, Math.max(NARROWEST, stdout.columns ?? 100)))
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
    })
    .strict()
    .strictCommands()
    .strictOptions()
    .recommendCommands()
    .version('version', 'Show the version', version)
    .alias('version', 'V')
    .help('help', 'Show this help')
    .alias('help', 'h')
    .fail((message: string | null, error: Error | undefined) => {
      throw error && error.name !== 'YError' ? error : misused(error?.message ?? message ?? '');
    });
}

function written({ name, verbs, word }: Command): string {
  return [name, ...(verbs ? ['<verb>'] : []), ...(word === null ? [] : [`[${word}]`])].join(' ');
}

function declare(parser: Argv, { flags, verbs, word }: Command): Argv {
  const verb = { choices: verbs ?? [], demandOption: true, describe: 'What to do' } as const;
  const withVerb = verbs ? parser.positional('verb', verb) : parser;
  const withWord = word === null ? withVerb : withVerb.positional(word, { type: 'string', describe: WORDS[word] });
  return withWord.options(flags);
}

const WORDS = {
  target: 'The old machine: user@host, host, or ssh://user@host:port',
  run: 'Id of the run, or its beginning; the latest without it',
};

function named(argv: Record<string, unknown>, { name }: Command): boolean {
  return Array.isArray(argv['_']) && argv['_'][0] === name;
}

/** The positional word, which may also stand behind `--`. */
function wordOf({ word }: Command, argv: Record<string, unknown>): string | null {
  const behind = Array.isArray(argv['--']) ? argv['--'].map(String) : [];
  const given = [...(word !== null && typeof argv[word] === 'string' ? [argv[word]] : []), ...behind];
  if (given.length > (word === null ? 0 : 1)) throw misused(`One word too many: ${given.at(-1) ?? ''}`);
  return given[0] ?? null;
}

/** What yargs has to say, with the flag that was probably meant. */
function misused(message: string): ProblemError {
  const [, typed = ''] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  const known = COMMANDS.flatMap(({ flags }) => Object.keys(flags));
  const takers = COMMANDS.filter(({ flags }) => Object.keys(flags).includes(typed)).map(({ name }) => name);
  const meant = typed === '' ? null : closest(typed, [...new Set(known)]);
  const secret = /^pass(?:word|phrase)$/.test(typed);
  const hint = secret
    ? `Secrets are never flags, for everybody can read those. Use --${typed}-file, or wait for the question.`
    : takers.length > 0
      ? `--${typed} is a flag of ${takers.join(', ')}. See what this command takes: neo-pull --help`
      : meant === null
        ? 'See what there is: neo-pull --help'
        : `Did you mean --${meant}? See what there is: neo-pull --help`;
  return fail('usage', { message: message.replace(/\s+/g, ' ').trim(), hint });
}

/** Tells a Problem that no visit has told, and gives its exit code. */
export function tellFailure(problem: Problem, around: Surroundings): number {
  const { stderr, stdout, clock, argv } = around;
  const exitCode = PROBLEMS[problem.code].exit;
  if (argv.includes('--json')) {
    const ts = isoTime(clock.now());
    const finished = {
      type: 'run.finished',
      outcome: 'refused',
      running: 'unknown',
      exitCode,
      downtimeMs: null,
      problem,
    };
    stdout.write(`${jsonLine({ v: 1, seq: 1, ts, run: '', ...finished })}\n`);
  }
  for (const line of problemLines(problem, paperOf(around, stderr))) stderr.write(`${line}\n`);
  return exitCode;
}
