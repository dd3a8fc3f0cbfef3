import type { Options } from 'yargs';
import { fail } from '../core/problem.ts';

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['', '0', 'false', 'no', 'off'];

/**
 * Flags from the environment: `NEO_PULL_KNOWN_HOSTS` stands for `--known-hosts`. Only the command's own flags are looked at, so that a
 * variable meant for `pull` does not disturb `runs`. Pure. Throws `option-invalid`.
 */
export function flagsFromEnvironment(
  table: Readonly<Record<string, Options>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const variable = `NEO_PULL_${name.replaceAll('-', '_').toUpperCase()}`;
    const value = env[variable];
    if (value !== undefined) found[name] = valueOf(option, variable, value);
  }
  return found;
}

function valueOf(option: Options, variable: string, value: string): unknown {
  if (option.type === 'boolean') return yesOrNo(variable, value);
  if (option.type === 'count') return /^\d$/.test(value) ? Number(value) : Number(yesOrNo(variable, value));
  return option.array ? [value] : value;
}

function yesOrNo(variable: string, value: string): boolean {
  if (YES.includes(value.toLowerCase())) return true;
  if (NO.includes(value.toLowerCase())) return false;
  throw fail('option-invalid', {
    message: `${variable} is ${JSON.stringify(value)}, which is neither yes nor no.`,
    hint: `Set it to 1 or 0, or leave it out: unset ${variable}`,
  });
}
