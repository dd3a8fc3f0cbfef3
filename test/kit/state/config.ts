import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pen } from './pen.ts';
import type { Places, StateOptions } from './places.ts';

/** A config as a person keeps it: JSON5 with comments, an include, a substitution, absolute paths of every kind. */
export function writeConfig(pen: Pen, places: Places, options: StateOptions): void {
  const { stateDir } = places;
  const config = { ...(options.isApart && { session: { store: places.store('{agentId}') } }), ...options.config };
  const more = Object.entries(config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`);
  pen.file(
    join(stateDir, `${places.product}.json`),
    `// Kept by hand: comments and trailing commas stay.
{
  meta: { lastTouchedVersion: "2026.2.26" },
  gateway: {
    mode: "local", // not a client of another machine
    port: ${String(options.port)},
    auth: { mode: "token", token: "${pen.canaries.of('gateway-token')}" },
  },
  agents: {
    defaults: { workspace: ${JSON.stringify(places.main)} },
    list: [
      { id: "main", default: true },
      /* the second agent has its own place */
      { id: "ops", workspace: '${places.ops}', agentDir: '${places.agentDir('ops')}' },
    ],
  },
  channels: { $include: "./channels.json5" },
  skills: { load: { extraDirs: ["${join(stateDir, 'skills')}"] } },
  hooks: { path: "/hooks", transformsDir: "${join(stateDir, 'hooks')}" },
  models: { providers: { example: { apiKey: "\${EXAMPLE_API_KEY}" } } },
  neighbour: { dir: "${options.home}2/not-ours" },
${more.join('')}}
`,
  );
  pen.file(
    join(stateDir, 'channels.json5'),
    `{
  // the bot's token lies in its own file
  telegram: { enabled: true, tokenFile: "${join(stateDir, 'credentials/telegram-token.txt')}" },
  whatsapp: { dmPolicy: "pairing" },
}
`,
  );
  pen.file(
    join(stateDir, `${places.product}.json.bak`),
    `{ "gateway": { "auth": { "token": "${pen.canaries.of('old-config')}" } } }\n`,
  );
  pen.file(join(stateDir, '.env'), `EXAMPLE_API_KEY=${pen.canaries.of('dot-env')}\n# a comment\nOTHER=plain\n`);
}

/** Adds a member to the top of such a config: `value` is JSON5, its name is of no meaning to the product. */
export function nameInConfig(configPath: string, value: string, name = 'elsewhere'): void {
  const text = readFileSync(configPath, 'utf8');
  writeFileSync(configPath, text.replace(/\}\s*$/, `  ${name}: ${value},\n}\n`));
}
