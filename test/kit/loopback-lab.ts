import { startSshd, type Sshd } from './sshd.ts';
import { makeTempLab, type TempLab, type TempLabOptions } from './temp-lab.ts';

/** A temp lab whose old home is reached through a real sshd on loopback: SSH without root. */
export interface LoopbackLab extends TempLab {
  readonly sshd: Sshd;
}

/** Makes a temp lab and an sshd whose sessions live in its old home. */
export async function makeLoopbackLab(options: TempLabOptions = {}): Promise<LoopbackLab> {
  const lab = await makeTempLab(options);
  try {
    const sshd = await startSshd({ env: lab.old.env });
    return {
      ...lab,
      sshd,
      async destroy() {
        await sshd.stop();
        await lab.destroy();
      },
    };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}
