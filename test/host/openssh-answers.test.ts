import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Answers } from '../../src/host/openssh-answers.ts';
import { ScriptedAsk } from '../kit/scripted-ask.ts';

const GIVEN = {
  user: 'al',
  place: { host: 'old.example', port: 22 },
  destination: 'Old',
  password: 'canary-password',
  passphrase: 'canary-passphrase',
};

describe("the answers to ssh's questions", () => {
  let path: string;
  let askSocket: string;
  let answers: Answers;
  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'np-answers-'));
    askSocket = join(path, 'ask');
    answers = new Answers({ token: 'token', askSocket }, GIVEN);
    await answers.listen();
    answers.begin(null);
  });
  afterEach(async () => {
    await answers.close();
    rmSync(path, { recursive: true });
  });

  /** What is written back, as it came. */
  const say = async (line: string): Promise<string> => {
    const socket = connect(askSocket);
    socket.on('error', () => undefined).write(line);
    return text(socket).catch(() => '');
  };
  const asked = async (prompt: string, kind = 'text'): Promise<string | null> =>
    (JSON.parse(await say(`${JSON.stringify({ token: 'token', kind, prompt })}\n`)) as { answer: string | null })
      .answer;

  it('are given on a socket that only this account can open, and only to who knows the token (F58)', async () => {
    expect(lstatSync(askSocket).mode & 0o777).toBe(0o600);
    const prompt = "al@old.example's password: ";
    expect(await say(`${JSON.stringify({ token: 'guess', kind: 'text', prompt })}\n`)).toBe('');
    expect(await say('no question\n')).toBe('');
    expect(await say(`${'x'.repeat(100_000)}\n`)).toBe('');
    expect(await asked(prompt)).toBe('canary-password');
  });

  it('are the password for the machine itself, by whichever name, and once in a login', async () => {
    expect(await asked("al@old's password: ")).toBe('canary-password');
    expect(await asked("al@old's password: ")).toBeNull();
    expect(await asked('(al@old.example) Password: ')).toBe('canary-password');
    answers.begin(null);
    expect(await asked("al@old's password: ")).toBe('canary-password');
  });

  it.each([
    "al@jump.example's password: ",
    "root@old.example's password: ",
    '(al@jump.example) Password: ',
    'Password: ',
    "(al@jump.example) al@old.example's password: ",
    '(al@jump.example) Enter passphrase for key: ',
  ])('are none for %j, which another machine may ask', async (prompt) => {
    expect(await asked(prompt)).toBeNull();
  });

  it('are the passphrase for each key, once', async () => {
    expect(await asked("Enter passphrase for key '/a': ")).toBe('canary-passphrase');
    expect(await asked("Enter passphrase for key '/b': ")).toBe('canary-passphrase');
    expect(await asked("Enter passphrase for key '/a': ")).toBeNull();
  });

  it('come from a person for all else, who sees nothing that a terminal obeys (F36); a password is remembered, a code never', async () => {
    const ask = new ScriptedAsk('4711', true, false, 'canary-typed');
    answers.begin(ask);
    expect(await asked('(al@jump) \x1b[2JCode\u202e: ')).toBe('4711');
    expect(await asked('Allow use of key?', 'confirm')).toBe('yes');
    expect(await asked('Allow use of key?', 'confirm')).toBeNull();
    expect(ask.questions[0]).toBe('ssh asks: (al@jump) \\x1b[2JCode\\u{202e}:');
    expect(await asked("al@jump's password: ")).toBe('canary-typed');
    answers.begin(null);
    expect(await asked('(al@jump) \x1b[2JCode\u202e: ')).toBeNull();
    expect(await asked("al@jump's password: ")).toBe('canary-typed');
  });

  it('end when too much is asked (F37)', async () => {
    answers.begin(new ScriptedAsk(...Array.from({ length: 50 }, () => 'x')));
    const said: (string | null)[] = [];
    for (let count = 0; count < 20; count += 1) said.push(await asked(`(al@old) Again ${count}: `));
    expect(said.filter((each) => each !== null)).toHaveLength(12);
  });

  it('are not waited for when ssh only gives notice', async () => {
    const socket = connect(askSocket);
    socket.write(`${JSON.stringify({ token: 'token', kind: 'none', prompt: 'Confirm user presence' })}\n`);
    await once(socket, 'connect');
    expect(answers.asking).toBe(false);
    socket.destroy();
  });
});
