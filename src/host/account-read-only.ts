import { fail, type ProblemError } from '../core/problem.ts';
import { printable } from './printable.ts';

/** The program of `src/read-only/`, as it calls itself where it refuses. */
const NAME = 'neo-pull-read-only';
/** What it ends with then. */
export const REFUSED = 126;

/** Why the dispatcher of a read-only account lets something not through, and what the person can do about it. */
const WAYS_OUT = {
  'not-allowed':
    'This key is for `plan`, `sync`, `rehearse` and the `verify` of what was synced only. Everything else needs one that is not limited: name it with -i, or another account with user@host.',
  outside: 'Add --root DIRECTORY (or --program PATH) behind neo-pull-read-only in the authorized_keys of that account.',
  'other-version':
    'Both have to be of one version: copy dist/neo-pull-read-only.mjs of this neo-pull over the one on the old machine.',
  misconfigured: 'Mend the line of that key in the authorized_keys of the account on the old machine.',
} as const;

export type RefusalKind = keyof typeof WAYS_OUT;

export interface Refusal {
  readonly kind: RefusalKind;
  /** What is refused, for people. */
  readonly what: string;
}

/** The line in which the dispatcher says that it refuses. Pure. */
export function sayRefusal({ kind, what }: Refusal, version: string): string {
  return `${NAME} ${version} does not let this through (${kind}): ${printable(what, 300)}`;
}

const SAID = new RegExp(`${NAME} ([\\w.+-]{1,40}) does not let this through \\(([a-z-]{1,20})\\): ([^\\n]*)`);

/** `account-read-only` when a command ended as the dispatcher ends what it refuses, and said so; null otherwise. Pure. */
export function refusedProblem(
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
  where: string,
): ProblemError | null {
  const [, version = '', kind = '', what = ''] = (code === REFUSED ? SAID.exec(stderr) : null) ?? [];
  if (version === '') return null;
  const hint = kind in WAYS_OUT ? WAYS_OUT[kind as RefusalKind] : WAYS_OUT['not-allowed'];
  const message = `On ${where}, the account is limited by ${NAME} ${version}, which does not let this through: ${printable(what, 300)}`;
  return fail('account-read-only', { message, hint: `It was not started. ${hint}` });
}
