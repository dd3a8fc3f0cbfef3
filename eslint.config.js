import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The floors of the house: what each room may import. Imports go down only, siblings on a floor do not import each other
 * (src/README.md, "The floors"). A room that is not listed as allowed is banned by name.
 */
const ROOMS = [
  'core',
  'host',
  'gateway',
  'transfer',
  'walk',
  'census',
  'watch',
  'sqlite',
  'read-only',
  'checks',
  'steps',
  'run',
  'visits',
  'cli',
];
const MAY_IMPORT = {
  core: [],
  host: ['core'],
  gateway: ['core', 'host'],
  transfer: ['core', 'host'],
  walk: ['core', 'host'],
  census: ['core', 'host'],
  watch: ['core', 'host'],
  sqlite: ['core', 'host'],
  'read-only': ['core', 'host'],
  checks: ['core', 'host', 'gateway', 'transfer', 'walk', 'census', 'sqlite', 'watch'],
  steps: ['core', 'host', 'gateway', 'transfer', 'walk', 'sqlite', 'watch'],
  run: ['core', 'host'],
};

/** The world outside has one owner each: whoever wants it takes it as a parameter. */
const OWNED_MODULES = [
  { name: 'node:child_process', message: 'Processes are started by Host.spawn; host/local.ts owns child_process.' },
  { name: 'ssh2', message: 'host/ssh*.ts own ssh2.' },
  { name: 'node:process', message: 'main.ts and cli/ own the process.' },
  { name: 'rsync', message: 'transfer/rsync-options.ts owns node-rsync: its execute() is open to shell injection.' },
];
const OWNED_GLOBALS = [
  { name: 'process', message: 'main.ts and cli/ own the process.' },
  { name: 'console', message: 'Tell it by an event, or log it.' },
  { name: 'Date', message: 'host/clock.ts owns time.' },
  { name: 'setTimeout', message: 'host/clock.ts owns time.' },
  { name: 'setInterval', message: 'host/clock.ts owns time.' },
  { name: 'fetch', message: 'Nothing here speaks to the network but the Connection and the dashboard check.' },
];

function floor(room) {
  const banned = ROOMS.filter((other) => other !== room && !MAY_IMPORT[room].includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: OWNED_MODULES,
          patterns: [
            { group: banned.map((other) => `../${other}/*`), message: `${room}/ may not import from there (floors).` },
            { group: ['../*.ts'], message: 'Rooms do not import the story above them.' },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist', '.cache', 'coverage', '**/*.generated.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-control-regex': 'off', // what comes from the old machine is searched for control characters on purpose
    },
  },
  { files: ['src/**/*.ts'], rules: { 'no-restricted-globals': ['error', ...OWNED_GLOBALS] } },
  ...Object.keys(MAY_IMPORT).map(floor),
  // The owners of the world outside.
  {
    files: ['src/host/local.ts', 'src/host/ssh*.ts', 'src/transfer/rsync-options.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['../!(core)/*'], message: 'floors' }] }] },
  },
  // Turns moments into text and back; asks no clock.
  { files: ['src/core/timestamp.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['src/host/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['src/cli/**/*.ts', 'src/main.ts'], rules: { 'no-restricted-globals': 'off' } },
  // One-file programs that run as processes of their own.
  {
    files: [
      'src/walk/program.ts',
      'src/watch/program.ts',
      'src/census/program.ts',
      'src/gateway/probe-program.ts',
      'src/sqlite/program.ts',
      'src/host/sqlite-engine.ts',
      'src/gateway/pm2-program.ts',
      'src/steps/dead-man-program.ts',
      'src/transfer/rsh.ts',
      'src/read-only/program.ts',
      'src/read-only/kin.ts',
      'src/host/openssh-askpass.ts',
    ],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setInterval: 'readonly' },
    },
  },
);
