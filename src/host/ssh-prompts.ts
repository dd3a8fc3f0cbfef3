import type { Prompt } from 'ssh2';
import { printable } from './printable.ts';

/** What PAM modules, RADIUS and their like call a one-time code. */
const CODE = /(?:code|token|otp)\b|\bpin\b|one.?time|verif/i;
/** Some name the account in front of or behind the word, and a machine may be called `token`. */
const ACCOUNT = /\S*@\S*/g;

/** Is a password, the same at every login, what this one round of a server asks for? A code never is. Pure. */
export function asksForPassword(prompts: readonly Prompt[]): boolean {
  const [only, ...others] = prompts;
  return (
    only !== undefined && others.length === 0 && only.echo !== true && !CODE.test(only.prompt.replaceAll(ACCOUNT, ''))
  );
}

/** What a person is shown for one prompt: the server's words as its words, harmless and bounded. Pure. */
export function questionOf({ prompt }: Prompt, said: readonly string[]): string {
  const words = said.map(onOneLine).filter((text) => text !== '');
  const before = words.length === 0 ? '' : `The old machine says: ${printable(words.join(': '), 300)} - `;
  return `${before}The old machine asks: ${printable(onOneLine(prompt), 200)}`;
}

function onOneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}
