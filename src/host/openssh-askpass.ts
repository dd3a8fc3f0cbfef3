/**
 * What ssh starts to have a question answered (SSH_ASKPASS): bundled to one file, started as `node askpass.cjs FOLDER PROMPT`.
 * It carries the prompt to the neo-pull process and prints the answer; exit 1 where there is none.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import type { Answer, Question } from './openssh-question.ts';

const [folder = '', prompt = ''] = process.argv.slice(2);
const question: Question = {
  token: readFileSync(join(folder, 'token'), 'latin1'),
  kind: process.env['SSH_ASKPASS_PROMPT'] ?? 'text',
  prompt,
};

const leave = (code: number) => process.exit(code);
const socket = connect(join(folder, 'ask'));
socket.on('error', () => leave(1));
socket.write(`${JSON.stringify(question)}\n`);

let said = '';
socket.setEncoding('utf8');
socket.on('data', (text: string) => (said += text));
socket.on('end', () => {
  const { answer } = said === '' ? { answer: null } : (JSON.parse(said) as Answer);
  if (answer === null) leave(1);
  else process.stdout.write(`${answer}\n`, () => leave(0));
});
