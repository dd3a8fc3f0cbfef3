import { isKind } from '../core/census.ts';

const SECRET_NAME =
  /token|secret|passw|passphrase|credential|authorization|cookie|api-?_?key|private-?_?key|^key$|[a-z]Key$/i;
/** What is not secret although it is called so. */
const PLAIN_NAME = /^(?:hostKeyPin|keyType|passwordFile|passphraseFile)$/;
/** Shapes in which well-known secrets travel inside other text. */
const SECRET_SHAPES = [
  /\b(?:sk|xox[abprs]|gh[pousr]|glpat|AIza)[-_][\w-]{8,}/g,
  /\bey[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:Bearer|Basic) [\w.~+/=-]{8,}/g,
  /\b\d{8,10}:[\w-]{35}\b/g,
  /(?<=\/\/[^/\s:@"]{0,200}:)[^/\s@"]+(?=@)/g,
];
const HIDDEN = '[hidden]';
const DEPTH = 12;

/** A copy in which the value of everything that is named like a secret is hidden, and secrets inside other text too. Pure. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((one) => redact(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isSecret(name, one) ? HIDDEN : redact(one, depth + 1)]),
  );
}

/** A text in which everything of the shape of a well-known secret is hidden. Pure. */
export function redactText(text: string): string {
  return SECRET_SHAPES.reduce((hidden, shape) => hidden.replace(shape, HIDDEN), text);
}

function isSecret(name: string, value: unknown): boolean {
  // How many credentials a gateway owns is told under that name.
  if (isKind(name) && typeof value === 'number') return false;
  return SECRET_NAME.test(name) && !PLAIN_NAME.test(name) && value !== null && typeof value !== 'boolean';
}
