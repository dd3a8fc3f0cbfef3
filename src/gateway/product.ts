import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Gateway } from '../core/plan.ts';
import type { AnyProduct, Product, ProductName } from '../core/product.ts';

/** The one table of products: nothing else in neo-pull spells one of these names. */
export const PRODUCTS: Readonly<Record<ProductName, Product>> = {
  'smart-agent-neo': {
    name: 'smart-agent-neo',
    title: 'SmartAgentNeo',
    command: 'smart-agent-neo',
    stateDirName: '.smart-agent-neo',
    legacyStateDirNames: [],
    configName: 'smart-agent-neo.json',
    legacyConfigNames: [],
    envPrefix: 'SMART_AGENT_NEO',
    legacyEnvPrefixes: [],
    unitBase: 'smart-agent-neo-gateway',
    legacyUnitBases: [],
    processTitles: ['smart-agent-neo', 'smart-agent-neo-gateway'],
  },
  openclaw: {
    name: 'openclaw',
    title: 'OpenClaw',
    command: 'openclaw',
    stateDirName: '.openclaw',
    legacyStateDirNames: ['.clawdbot', '.moltbot'],
    configName: 'openclaw.json',
    legacyConfigNames: ['clawdbot.json', 'moltbot.json'],
    envPrefix: 'OPENCLAW',
    legacyEnvPrefixes: ['CLAWDBOT'],
    unitBase: 'openclaw-gateway',
    legacyUnitBases: ['clawdbot-gateway', 'moltbot-gateway'],
    processTitles: ['openclaw', 'openclaw-gateway'],
  },
};

/** The products that are known here. */
export const PRODUCT_NAMES = Object.keys(PRODUCTS) as readonly ProductName[];

/** All names of a product, be it one that is known here or one that brings its own. Pure. */
export function productNames(product: AnyProduct): Product {
  return typeof product === 'string' ? PRODUCTS[product] : product;
}

/** The profile that has no suffix anywhere. */
export const DEFAULT_PROFILE = 'default';

/** What the product appends to the names of a profile: nothing, or `-p`. */
export function profileSuffix(profile: string): string {
  return profile === DEFAULT_PROFILE ? '' : `-${profile}`;
}

/** The port of a gateway whose config and environment name none. */
export const DEFAULT_PORT = 18789;

/** Behind its own port: the control of the browser, and the canvas. */
const BESIDE = [2, 3];

/** The ports that a gateway takes beside its own. Pure. */
export function portsBeside(port: number): readonly number[] {
  return BESIDE.map((far) => port + far).filter((one) => one < 65_536);
}

/** The product's environment variables that neo-pull reads or sets, without their prefix. */
export type EnvSuffix =
  | 'HOME'
  | 'STATE_DIR'
  | 'CONFIG_PATH'
  | 'PROFILE'
  | 'GATEWAY_PORT'
  | 'GATEWAY_TOKEN'
  | 'SYSTEMD_UNIT'
  | 'SKIP_CHANNELS'
  | 'SKIP_CRON'
  | 'SKIP_GMAIL_WATCHER';

/** The full name of one of the product's environment variables: `SMART_AGENT_NEO_STATE_DIR`. */
export function envName(product: AnyProduct, suffix: EnvSuffix): string {
  return `${productNames(product).envPrefix}_${suffix}`;
}

/** The names under which one of the product's variables may be set, the one that counts before the others first. */
export function envNames(product: AnyProduct, suffix: EnvSuffix): readonly string[] {
  return [productNames(product).envPrefix, ...productNames(product).legacyEnvPrefixes].map(
    (prefix) => `${prefix}_${suffix}`,
  );
}

/** The systemd user unit that the product makes for a profile. A default: what is found on the machine wins. */
export function unitName(product: AnyProduct, profile: string): string {
  return `${productNames(product).unitBase}${profileSuffix(profile)}.service`;
}

/** The state dir that the product uses for a profile when nothing else is said. Absolute when `home` is. */
export function stateDirOf(product: AnyProduct, home: string, profile: string): string {
  return path.posix.join(home, productNames(product).stateDirName + profileSuffix(profile));
}

/** The config of a state dir when nothing else is said. */
export function configPathOf(product: AnyProduct, stateDir: string): string {
  return path.posix.join(stateDir, productNames(product).configName);
}

/** Where the product looks for the config of a state dir when nothing else is said: the first that exists counts. */
export function configCandidates(product: AnyProduct, stateDir: string): readonly string[] {
  const { configName, legacyConfigNames } = productNames(product);
  return [configName, ...legacyConfigNames].map((name) => path.posix.join(stateDir, name));
}

/** The profile that a state dir's name stands for (legacy names are the default profile), or null when it follows no pattern. */
export function profileOfStateDir(product: AnyProduct, stateDir: string): string | null {
  const { stateDirName, legacyStateDirNames } = productNames(product);
  const name = path.posix.basename(stateDir);
  if (name === stateDirName || legacyStateDirNames.includes(name)) return DEFAULT_PROFILE;
  const profile = name.startsWith(`${stateDirName}-`) ? name.slice(stateDirName.length + 1) : '';
  return profile === '' || profile === DEFAULT_PROFILE ? null : profile;
}

/** The folder in which gateways of this user keep their locks, outside of every state dir. */
export function lockFolder(product: AnyProduct, uid: number): string {
  return `/tmp/${productNames(product).name}-${String(uid)}`;
}

/** The lock file of one gateway, named after its config's path: it holds the pid, and is the best proof of life. */
export function lockFile(gateway: Pick<Gateway, 'product' | 'uid' | 'configPath'>): string {
  const hash = createHash('sha256').update(gateway.configPath).digest('hex').slice(0, 8);
  return path.posix.join(lockFolder(gateway.product, gateway.uid), `gateway.${hash}.lock`);
}
