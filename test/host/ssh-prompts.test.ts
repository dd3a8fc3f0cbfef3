import { describe, expect, it } from 'vitest';
import { asksForPassword } from '../../src/host/ssh-prompts.ts';

describe('a prompt for a password', () => {
  it.each([
    'Password: ',
    'Passwort:',
    'Mot de passe :',
    "al@token.example's password:",
    '(al@old) Password for al@codebox:',
  ])('is known as such: %s', (prompt) => {
    expect(asksForPassword([{ prompt, echo: false }])).toBe(true);
  });

  it.each([
    'Verification code: ',
    'One-time password (OATH) for `al`: ',
    'OTP:',
    'Enter PIN:',
    'Passcode or option (1-2): ',
  ])('is not one for a code: %s', (prompt) => {
    expect(asksForPassword([{ prompt, echo: false }])).toBe(false);
  });

  it('is alone, and not to be seen', () => {
    const prompt = { prompt: 'Password: ', echo: false };
    expect(asksForPassword([{ ...prompt, echo: true }])).toBe(false);
    expect(asksForPassword([prompt, prompt])).toBe(false);
    expect(asksForPassword([])).toBe(false);
  });
});
