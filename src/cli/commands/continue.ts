import { daemonCommand } from '../daemon-command.ts';

/** `continue` is a word of the language. */
export const goOn = daemonCommand({
  name: 'continue',
  describe: 'Have the neo-pull that follows go on after a pause or a safety halt',
  taken: 'it follows the old machine again.',
});
