import { daemonCommand } from '../daemon-command.ts';

export const pause = daemonCommand({
  name: 'pause',
  describe: 'Have the neo-pull that follows leave the old machine alone for a while',
  taken: 'it is paused. What changes meanwhile is copied when it goes on: neo-pull continue',
});
