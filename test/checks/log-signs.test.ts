import { describe, expect, it } from 'vitest';
import { signsIn } from '../../src/checks/log-signs.ts';

const codes = (log: string): string[] => signsIn(log).map(({ code }) => code);

describe('what the log of the new gateway speaks of (F100)', () => {
  it.each([
    ['web connection closed (status 440): conflict: replaced', 'channel-replaced'],
    ['{"level":50,"statusCode":440,"msg":"Stream Errored"}', 'channel-replaced'],
    ['Stream Errored (conflict) {"tag":"conflict","attrs":{"type":"replaced"}}', 'channel-replaced'],
    ['Call to getUpdates failed! (409: Conflict: terminated by other getUpdates request)', 'channel-conflict'],
    ['error_code: 409', 'channel-conflict'],
    ['request failed: 401 Unauthorized', 'login-refused'],
    ['WhatsApp session logged out', 'login-refused'],
    ['HTTP 401 from the model', 'login-refused'],
    ['Scan this QR in WhatsApp (Linked Devices):', 'link-needed'],
    ['waiting for QR code', 'link-needed'],
  ])('is found in: %s', (line, code) => {
    expect(codes(`starting\n${line}\nlistening`)).toEqual([code]);
  });

  it.each([
    'listening on ws://127.0.0.1:18401 (pid 440)',
    'compacted 401 sessions in 409 ms',
    'message 440 was answered',
    'took 0.440 s, QRs are off',
    'session 409 conflicts with nothing',
    '',
  ])('is not found in: %s', (line) => {
    expect(codes(line)).toEqual([]);
  });

  it('is told once for each kind, with nothing of the line itself', () => {
    const line = '/bot110:canary-of-a-log/getUpdates failed (409: Conflict)';
    const [found, ...more] = signsIn(`${line}\n${line}\n`);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ code: 'channel-conflict', stops: false });
    expect(JSON.stringify(found)).not.toContain('canary');
  });
});
