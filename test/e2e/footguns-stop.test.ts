import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pull } from '../../src/visits/pull.ts';
import type { Verdict } from '../../src/visits/visit.ts';
import { acknowledged } from '../kit/hub.ts';
import { machineByHand, type ByHand, type Said } from '../kit/manual-move.ts';
import { memoryRows } from '../kit/memory-rows.ts';
import { moverFor } from '../kit/mover.ts';
import { makeTempLab, type TempLab } from '../kit/temp-lab.ts';
import { login } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Two whole moves of one machine, by hand and by neo-pull.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

let lab: TempLab;
let hand: ByHand;

/** Takes from the books of the hub what the move by hand has done, and gives it back. */
function books() {
  const told = { violations: lab.hub.violations(), sent: lab.hub.sent() };
  for (const name of ['VIOLATION', 'sent.ndjson']) rmSync(join(lab.hub.path, name), { force: true });
  return told;
}

/** The last message that the old gateway answered, by its number; and the last row that it committed. */
function lastOfOld(): { line: number; row: number } {
  const acks = acknowledged(lab.old.ackFile);
  const lines = acks.flatMap((ack) => ('line' in ack ? [ack.line] : []));
  const rows = acks.flatMap((ack) => ('row' in ack ? [ack.row] : []));
  return { line: Math.max(...lines), row: Math.max(...rows) };
}

const transcript = (stateDir: string): string =>
  readFileSync(join(stateDir, `agents/main/sessions/${lab.state.sessions.main[0] ?? ''}.jsonl`), 'utf8');

/** Even with every path replaced by hand. */
describe('a gateway in a terminal, whose product says that it was stopped', () => {
  let stop: Said;
  let plain: ReturnType<typeof books> & { running: number; line: boolean; rows: number };
  let verdict: Verdict;
  let since: { line: number; row: number };

  beforeAll(async () => {
    lab = await makeTempLab({ runsAs: 'foreground', sessions: 2 });
    hand = await machineByHand(lab);
    stop = lab.cli('old', 'gateway', 'stop', '--json');
    hand.copy();
    hand.replacePaths();
    const rows = memoryRows(hand.stateDir);
    const at = lastOfOld();
    await waitFor('the old one answers further', () => lastOfOld().line > at.line + 3 && lastOfOld().row > at.row + 3);
    since = lastOfOld();
    const line = transcript(hand.stateDir).includes(`"id":${String(since.line)},`);
    await hand.start();
    await waitFor('two gateways have met', () => lab.hub.violations().length > 0);
    plain = { ...books(), running: lab.running('old').length, line, rows };
    await hand.remove();
    const mover = moverFor(lab);
    verdict = await pull(mover.tools, mover.request);
  });
  afterAll(() => lab.destroy());

  it('runs on, and two gateways speak on one identity; neo-pull sees it dead before another begins (facts 5, 9, row 6, F91)', () => {
    expect(JSON.parse(stop.stdout)).toMatchObject({ ok: true, result: 'not-loaded' });
    expect(stop.code).toBe(0);
    expect(plain.running).toBe(1);
    expect(plain.violations.map(({ channel }) => channel)).toContain('telegram');
    expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(lab.running('old')).toEqual([]);
    expect(lab.hub.violations()).toEqual([]);
  });

  it('answers messages and writes rows that the copy has not; neo-pull copies after the stop (row 11, F79, F80)', () => {
    expect(plain.line).toBe(false);
    expect(plain.rows).toBeLessThan(since.row);
    const last = lastOfOld();
    expect(last.line).toBeGreaterThanOrEqual(since.line);
    expect(transcript(join(lab.new.home, '.smart-agent-neo'))).toContain(`"id":${String(last.line)},`);
    expect(memoryRows(join(lab.new.home, '.smart-agent-neo'))).toBeGreaterThanOrEqual(last.row);
  });
});

describe('a service that its product has stopped', () => {
  let stopped: number;
  let plain: ReturnType<typeof books>;
  let moved: ReturnType<typeof books> & { verdict: Verdict; back: number };
  const waiting = (): string => join(lab.state.stateDir, 'delivery-queue/hello.json');
  const hellos = ({ sent }: ReturnType<typeof books>) => sent.filter(({ queued }) => queued === 'hello.json').length;

  beforeAll(async () => {
    lab = await makeTempLab({ runsAs: 'service', sessions: 2 });
    hand = await machineByHand(lab);
    lab.cli('old', 'gateway', 'stop', '--json');
    stopped = lab.running('old').length;
    writeFileSync(waiting(), '{}');
    hand.copy();
    hand.replacePaths();
    await hand.start();
    login(lab);
    await waitFor('two gateways have met', () => lab.hub.violations().length > 0);
    await waitFor('the old one has sent what waited', () => !existsSync(waiting()));
    plain = books();
    await hand.remove();

    writeFileSync(waiting(), '{}');
    const mover = moverFor(lab);
    const verdict = await pull(mover.tools, mover.request);
    login(lab);
    await waitFor('it is sent', () => lab.hub.sent().length > 0);
    moved = { ...books(), verdict, back: lab.running('old').length };
  });
  afterAll(() => lab.destroy());

  it('is back at the next login, beside the new one; neo-pull disables it too (facts 9, 11, row 6, F93)', () => {
    expect(stopped).toBe(0);
    expect(plain.violations.map(({ channel }) => channel)).toContain('telegram');
    expect(moved.verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 0 });
    expect(moved.back).toBe(0);
    expect(moved.violations).toEqual([]);
  });

  it('sends then what waits in its queue, as the new one did; neo-pull has it sent once', () => {
    expect(hellos(plain)).toBe(2);
    expect(hellos(moved)).toBe(1);
  });
});
