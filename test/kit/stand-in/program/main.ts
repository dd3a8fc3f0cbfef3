import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import { envName, PRODUCT, TITLE, VERSION } from './names.ts';
import { configPath, tilde } from './paths.ts';

const NODE_FLOOR = [22, 12] as const;

function refuseOldNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1])) return;
  process.stderr.write(
    `${PRODUCT} requires Node >=${NODE_FLOOR.join('.')}.0.\nDetected: node ${process.versions.node} (exec: ${process.execPath}).\n` +
      `PATH searched: ${process.env['PATH'] ?? ''}\nInstall Node: https://nodejs.org/en/download\nUpgrade Node and re-run ${PRODUCT}.\n`,
  );
  process.exit(1);
}

/** Two eras of the same answer: the bare number until February 2026, a sentence from March on. */
function versionLine(): string {
  const [year = 0, month = 0] = VERSION.split('.').map(Number);
  return year > 2026 || (year === 2026 && month >= 3) ? `${TITLE} ${VERSION} (61d171a)` : VERSION;
}

/** Takes the global flags off the front: they only count before the command. */
function takeGlobals(argv: readonly string[]): string[] {
  const rest = [...argv];
  while (rest[0] === '--profile' || rest[0] === '--dev') {
    const name = rest.shift() === '--dev' ? 'dev' : (rest.shift() ?? 'default');
    if (name !== 'default') process.env[envName('PROFILE')] ??= name;
  }
  return rest;
}

const FLAGS = {
  json: { type: 'boolean' },
  port: { type: 'string' },
  token: { type: 'string' },
  runtime: { type: 'string' },
  timeout: { type: 'string' },
  message: { type: 'string' },
  force: { type: 'boolean' },
  yes: { type: 'boolean' },
  fix: { type: 'boolean' },
  repair: { type: 'boolean' },
  deep: { type: 'boolean' },
  probe: { type: 'boolean' },
  'no-probe': { type: 'boolean' },
  'require-rpc': { type: 'boolean' },
  'all-agents': { type: 'boolean' },
  'non-interactive': { type: 'boolean' },
  'allow-unconfigured': { type: 'boolean' },
} as const;

async function gateway(verb: string | undefined, argv: readonly string[]): Promise<number | null> {
  const { values } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (verb === undefined || verb === 'run') {
    await (await import('./gateway.ts')).foreground(argv, port);
    return null;
  }
  if (verb === 'status') {
    const { gatewayStatus } = await import('./gateway-status.ts');
    return gatewayStatus({ isProbing: !values['no-probe'], isRpcRequired: values['require-rpc'] ?? false });
  }
  const { serviceVerb } = await import('./service-verbs.ts');
  return serviceVerb(verb, { isForced: values.force ?? false, port, token: values.token });
}

/** Loaded only by the commands that need it, as all that a call of the CLI can do without. */
const lists = () => import('./lists.ts');

/** Runs one command; null means that the process lives on by itself. */
async function command(argv: readonly string[]): Promise<number | null> {
  const { values, positionals } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  const [name = '', verb] = positionals;
  const commands: Record<string, () => number | null | Promise<number | null>> = {
    gateway: () => gateway(verb, argv),
    status: async () => (await lists()).status(),
    health: async () => (await lists()).health(),
    'channels status': async () => (await lists()).channelsStatus(),
    sessions: async () => (await lists()).listSessions(values['all-agents'] ?? false),
    'agents list': async () => (await lists()).listAgents(),
    agent: async () => (await lists()).message(),
    doctor: async () =>
      (await import('./doctor.ts')).doctor({
        isYes: values.yes === true && !values['non-interactive'],
        isFixing: values.fix ?? values.repair ?? false,
      }),
    'config file': () => {
      process.stdout.write(`${tilde(configPath())}\n`);
      return 0;
    },
  };
  const run = commands[name] ?? commands[`${name} ${verb ?? ''}`];
  if (!run) throw new Error(`unknown command '${name}'`);
  return run();
}

async function main(): Promise<void> {
  refuseOldNode();
  const argv = takeGlobals(process.argv.slice(2));
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`${versionLine()}\n`);
    return;
  }
  if (argv[0] === '__tool') {
    (await import('./gateway.ts')).runTool();
    return;
  }
  try {
    readConfig();
  } catch (error) {
    process.stderr.write(`Invalid config at ${configPath()}:\n- ${(error as Error).message}\n`);
    process.exit(1);
  }
  const code = await command(argv);
  if (code !== null) process.exitCode = code;
}

main().catch((error: unknown) => {
  process.stderr.write(`[${PRODUCT}] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
