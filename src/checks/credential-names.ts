import type { AnyProduct } from '../core/product.ts';
import { productNames } from '../gateway/product.ts';

/** What a name ends in whose value lets somebody in: `OPENAI_API_KEY`, `GEMINI_API_KEY_2`, `TELEGRAM_BOT_TOKEN`, `AWS_ACCESS_KEY_ID`. */
const CREDENTIAL =
  /(^|_)((API)?KEYS?|ACCESS_KEY_ID|TOKENS?|BEARER_TOKEN_BEDROCK|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|COOKIE|PAT)(_\d+)?$/;

/** What belongs to the account, its session or its Node, and has no meaning on another machine. */
const ACCOUNT =
  /^(HOME|PATH|TMPDIR|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|SHELL|TERM|NO_COLOR|NODE_\w+|XDG_\w+|DBUS_\w+)$/;

/** Is it, by its name, what a gateway may read without its config naming it: a key, a token, a password? Pure. */
export function isCredential(name: string): boolean {
  return CREDENTIAL.test(name) && !ACCOUNT.test(name);
}

/** Is it one of the product's own? It writes those into every unit that it makes. Pure. */
export function isOwn(name: string, product: AnyProduct): boolean {
  const { envPrefix, legacyEnvPrefixes } = productNames(product);
  return [envPrefix, ...legacyEnvPrefixes].some((prefix) => name.startsWith(`${prefix}_`));
}

/** Has it no meaning on another machine? Of the product's own only its credentials have one. Pure. */
export function staysBehind(name: string, product: AnyProduct): boolean {
  return ACCOUNT.test(name) || (isOwn(name, product) && !isCredential(name));
}
