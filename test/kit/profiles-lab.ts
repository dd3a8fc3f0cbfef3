import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { freePort } from './ports.ts';
import { liveProcesses } from './processes.ts';
import { removeLocks, startInTerminal, type Side } from './side.ts';
import { populate, type State, type StateOptions } from './state.ts';
import { makeTempLab, type SideName, type TempLab, type TempLabOptions } from './temp-lab.ts';

export interface ProfileOptions extends Partial<Omit<StateOptions, 'home' | 'at' | 'profile'>> {
  /** Default true. */
  readonly runs?: boolean;
}

/** What a profile is to be like, where that depends on the home of the old account. */
type Wish = ProfileOptions | ((home: string) => ProfileOptions);

/** A lab whose old account has gateways beside the default one. */
export interface ProfilesLab extends TempLab {
  readonly states: Readonly<Record<string, State>>;
  /** Profiles whose gateway lives on a side, by the state dirs that its processes told; sorted. */
  readonly profilesOn: (side: SideName) => string[];
}

/**
 * Makes a temp lab with further profiles, each with a state and a port of its own, running in a terminal unless told otherwise. They have
 * the list of exec approvals in common, as gateways of one account do, unless they are to be `apart`.
 */
export async function makeProfilesLab(
  profiles: Readonly<Record<string, Wish>>,
  { apart = false, ...options }: TempLabOptions & { readonly apart?: boolean } = {},
): Promise<ProfilesLab> {
  const lab = await makeTempLab({ sessions: 2, ...options });
  const sides = Object.keys(profiles).flatMap((profile): Side[] => [
    { ...lab.old, profile },
    { ...lab.new, profile },
  ]);
  const destroy = async (): Promise<void> => {
    await lab.destroy();
    sides.forEach(removeLocks);
  };
  const states: Record<string, State> = { default: lab.state };
  try {
    if (apart) rmSync(join(lab.state.stateDir, 'exec-approvals.json'));
    for (const [profile, wanted] of Object.entries(profiles)) {
      const { runs = true, ...wish } = typeof wanted === 'function' ? wanted(lab.old.home) : wanted;
      const port = wish.port ?? (await freePort());
      states[profile] = await populate({ sessions: 2, ...wish, home: lab.old.home, profile, port });
      if (runs) await startInTerminal({ ...lab.old, profile });
    }
  } catch (error) {
    await destroy();
    throw error;
  }
  return { ...lab, states, destroy, profilesOn: (name) => profilesOf(lab[name]) };
}

function profilesOf({ pidsFile }: Side): string[] {
  const gateways = liveProcesses(pidsFile).filter(({ role }) => role === 'gateway');
  return gateways.map(({ stateDir }) => /^\.smart-agent-neo-(.+)$/.exec(basename(stateDir))?.[1] ?? 'default').sort();
}
