import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// The program is installed as <prefix>/lib/node_modules/<name>/dist/index.js: everything it is called comes from the package beside it.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  name: string;
  version: string;
};

/** `smart-agent-neo` or `openclaw`. */
export const PRODUCT = manifest.name;

/** What the product calls itself in sentences. */
export const TITLE = PRODUCT === 'openclaw' ? 'OpenClaw' : 'SmartAgentNeo';

export const VERSION = manifest.version;

/** The script itself, absolute. */
export const ENTRY = fileURLToPath(import.meta.url);

/** Where the product is installed: traps and settings lie here. */
export const PREFIX = fileURLToPath(new URL('../../../../', import.meta.url));

const ENV_PREFIX = `${PRODUCT.toUpperCase().replaceAll('-', '_')}_`;

/** The full name of one of the product's own environment variables: `STATE_DIR` → `SMART_AGENT_NEO_STATE_DIR`. */
export function envName(name: string): string {
  return ENV_PREFIX + name;
}

/** The value of one of the product's own environment variables; undefined when unset or empty. */
export function env(name: string): string | undefined {
  return process.env[envName(name)] || undefined;
}

/** Below zero when the first release is the older one; what follows the three numbers does not count. */
export function compareVersions(one: string, other: string): number {
  const [a = [], b = []] = [one, other].map((version) => version.split(/[.-]/).slice(0, 3).map(Number));
  return [0, 1, 2].map((at) => (a[at] ?? 0) - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
