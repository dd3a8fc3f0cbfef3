import { daemonCommand } from '../daemon-command.ts';

export const stop = daemonCommand({
  name: 'stop',
  describe: 'End the neo-pull that follows; the copy is kept, and the old gateway runs on',
  taken: 'it comes to a safe end. The copy is kept, and sync goes on from it.',
});
