import type { Plan } from './plan.ts';

/** A variable that the old gateway has from outside of its state. Never a value. */
export interface OutsideVariable {
  readonly name: string;
  /** Does the config ask for it? Else it is only set for the service. */
  readonly isAskedFor: boolean;
  /** Everything on the old machine that sets it; empty where nothing was seen to. */
  readonly setBy: readonly string[];
  /**
   * How the new gateway comes by it: what moves sets it too (`moves`), this machine does (`here`), it is brought into `.env` of the state
   * dir (`carried`), or not at all (`left`).
   */
  readonly fate: 'moves' | 'here' | 'carried' | 'left';
  /** What sets it, of one that moves or is here; null otherwise. */
  readonly satisfiedBy: string | null;
}

/** The variables whose values are brought over. Pure. */
export function carriedNames({ outside = [] }: Pick<Plan, 'outside'>): string[] {
  return outside.filter(({ fate }) => fate === 'carried').map(({ name }) => name);
}

/** What becomes of a variable, in a few words for people. Pure. */
export function outsideFateText({ fate, satisfiedBy }: OutsideVariable): string {
  if (fate === 'carried') return 'carried into .env';
  return fate === 'left' ? 'NOT satisfied here' : `satisfied by ${satisfiedBy ?? ''}`;
}
