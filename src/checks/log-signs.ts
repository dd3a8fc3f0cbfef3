import type { ProblemCode } from '../core/problem.ts';
import { problem, type Problem } from '../core/problem.ts';

/** What a line of the gateway's log may speak of. */
interface Sign {
  readonly code: ProblemCode;
  readonly says: string;
  readonly hint: string;
  readonly pattern: RegExp;
}

// A number alone means nothing: a port, an id and a duration are numbers too.
const STATUS = String.raw`(?:\b(?:status|statusCode|error_?code|code|reason|http|error)\b["']?\s*[:=(]?\s*)`;
const SIGNS: readonly Sign[] = [
  {
    code: 'channel-replaced',
    says: 'that another device took over the login of a channel (440)',
    hint: 'WhatsApp has one place for a login. See that no other gateway runs on it, the old one first: neo-pull verify',
    pattern: new RegExp(
      `${STATUS}440\\b|\\b440\\b[^\\d]{0,20}(?:replaced|conflict)|connection\\W{0,2}replaced|\\bconflict\\b.{0,60}\\breplaced\\b`,
      'i',
    ),
  },
  {
    code: 'channel-conflict',
    says: 'that another one polls for the messages of a bot (409)',
    hint: 'Telegram may say so once after a move. If it goes on, something else uses the token: the old gateway (neo-pull verify), or a webhook.',
    pattern: new RegExp(`${STATUS}409\\b|\\b409\\b\\W{0,3}conflict\\b|terminated by other getUpdates`, 'i'),
  },
  {
    code: 'login-refused',
    says: 'that a login was refused (401)',
    hint: 'A token or a login is no longer taken. See which: the log of the gateway; then log in again there.',
    pattern: new RegExp(`${STATUS}401\\b|\\b401\\b\\W{0,3}unauthori[sz]ed|\\blogged\\W?out\\b`, 'i'),
  },
  {
    code: 'link-needed',
    says: 'that a channel wants to be linked anew (QR code)',
    hint: 'Link it again on this machine: the command is in the log of the gateway.',
    pattern: /\bscan\b[^\n]{0,40}\bQR\b|\bQR\W?code\b/i,
  },
];

/**
 * What the gateway's log speaks of that a move may have brought about: one Problem for each kind. A line itself is never told, for there
 * may be a token or a message in it. Pure.
 */
export function signsIn(log: string): Problem[] {
  return SIGNS.filter(({ pattern }) => pattern.test(log)).map(({ code, says, hint }) =>
    problem(code, { message: `The log of the new gateway says ${says}.`, hint }),
  );
}
