import { stateHome, type StateHome } from '../run/runs.ts';
import type { Surroundings } from './surroundings.ts';

/** Where the runs of this account lie. */
export function homeOf({ env, account }: Surroundings): StateHome {
  return stateHome({ env, home: account.home, uid: account.uid });
}
