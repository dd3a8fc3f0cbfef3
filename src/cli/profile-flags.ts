import { fail, type ProblemError } from '../core/problem.ts';
import { shown } from '../core/shown.ts';
import type { GatewayFlags } from './flags.ts';

/** These name what one gateway has, and no two can have the same. */
const OF_ONE = [
  ...(['state-dir', 'to-state-dir', 'gateway-config', 'gateway-port'] as const),
  ...(['stop-cmd', 'start-cmd', 'new-stop-cmd', 'new-start-cmd'] as const),
];

/**
 * The profiles that are named; null where none is, or all are meant. Throws `option-invalid`, also for flags that are of one gateway
 * where several are asked for.
 */
export function profilesOf(flags: GatewayFlags): readonly string[] | null {
  const named = flags.profile?.split(',').map((name) => notEmpty('--profile', name.trim())) ?? null;
  const isAll = flags['all-profiles'] === true;
  if (isAll && named) throw invalid('--profile', named.join(','), 'Give --profile or --all-profiles, not both.');
  const profiles = named && [...new Set(named)];
  const one = OF_ONE.find((name) => flags[name] !== undefined);
  if (one && (isAll || (profiles?.length ?? 0) > 1))
    throw invalid(`--${one}`, flags[one] ?? '', 'It is of one gateway: move that one by itself, with --profile NAME.');
  return profiles;
}

function notEmpty(name: string, text: string): string {
  if (text !== '') return text;
  throw invalid(name, text, 'Give it a value, or leave it out.');
}

function invalid(name: string, value: string, hint: string): ProblemError {
  return fail('option-invalid', { message: `${name} is ${shown(value)}, which cannot be used.`, hint });
}
