import { populate } from '../kit/state.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { listens } from './journey.ts';

/** Somebody has tried the product out on the new machine: a state of its own, on the same port. Gives the secrets that are in it. */
export async function leaveTrial(lab: TempLab): Promise<readonly string[]> {
  const { canaries } = await populate({ home: lab.new.home, port: lab.port, sessions: 1 });
  return canaries;
}

/** And that trial was made a service. */
export async function installTrial(lab: TempLab): Promise<void> {
  const { code, stdout, stderr } = lab.cli('new', 'gateway', 'install', '--json');
  if (code !== 0) throw new Error(`gateway install failed: ${stdout}${stderr}`);
  await listens(lab);
}
