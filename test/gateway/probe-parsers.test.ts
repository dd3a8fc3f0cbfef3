import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parseLock, readLocks } from '../../src/gateway/probe-locks.ts';
import { parseEnviron, parseStat, readProcess, readProcesses } from '../../src/gateway/probe-processes.ts';
import { subjectOf } from '../../src/gateway/probe.ts';
import { parseListening } from '../../src/gateway/probe-sockets.ts';
import { Bench } from './bench.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4E84 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0000000000000000 100 0 0 10 0
   1: 0100007F:4E84 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000 100 0 0 10 0
`;
const TABLE6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:4E84 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 444 1 0000000000000000 100 0 0 10 0
`;

describe('the table of sockets', () => {
  it('gives those that listen on a port, of either family, with their owner', () => {
    const at = (table: string, port: number) => parseListening(table).filter((one) => one.port === port);
    expect(at(TABLE, 20100)).toEqual([{ port: 20100, inode: '111', uid: 1000 }]);
    expect(at(TABLE6, 20100)).toEqual([{ port: 20100, inode: '444', uid: 1001 }]);
    expect(at(TABLE, 20101)).toEqual([]);
    expect(parseListening('')).toEqual([]);
  });
});

describe('the stat of a process', () => {
  it('is read whatever its name is', () => {
    const rest = Array.from({ length: 40 }, (_, at) => String(at + 4));
    const stat = parseStat(`7 (a) b (c d) S ${rest.join(' ')}\n`);
    expect(stat).toEqual({ comm: 'a) b (c d', state: 'S', ppid: 4, startTime: '22', isKernel: false });
    expect(parseStat(`2 (kthreadd) S 0 0 0 0 -1 2129984 ${rest.slice(7).join(' ')}\n`)?.isKernel).toBe(true);
    expect(parseStat('')).toBeNull();
  });

  it('is there for this very process, and not for one that is gone', () => {
    expect(readProcess(process.pid)).toMatchObject({ pid: process.pid, ppid: process.ppid, uid: process.getuid?.() });
    expect(readProcess(4_194_303)).toBeNull();
  });
});

describe('an environ', () => {
  it('is read with values of any kind, the first of two counting', () => {
    expect([...parseEnviron('A=1\0B=x=y\nz\0A=2\0=odd\0none\0')]).toEqual([
      ['A', '1'],
      ['B', 'x=y\nz'],
    ]);
  });
});

describe('a lock', () => {
  let bench: Bench | undefined;
  afterEach(() => bench?.end());

  it('names a pid, and may name a start time and a config', () => {
    expect(parseLock('{"pid":7,"startTime":123,"configPath":"/c","createdAt":"x"}')).toEqual({
      pid: 7,
      startTime: '123',
      configPath: '/c',
    });
    expect(parseLock('{"pid":7}')).toEqual({ pid: 7, startTime: null, configPath: null });
    for (const none of ['', '7', 'null', '[]', '{"pid":"7"}', '{"pid":1e99}']) expect(parseLock(none)).toBeNull();
  });

  // F124
  it('never makes its reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseLock(text);
      }),
      { numRuns: 10_000 },
    );
  });

  // F58: the folder lies in /tmp, where another user may have made it first
  it('counts only as a plain file of the very user whose gateway it is', async () => {
    bench = await Bench.make();
    const { lock = '' } = bench.whole();
    const { pid } = await bench.start({ role: 'gateway', ...bench.whole() });
    const ours = subjectOf(bench.gateway, null);
    expect(readLocks(ours, readProcesses())).toContainEqual({ pid, file: lock, isOurs: true });

    const foreign = new Map([...readProcesses()].map(([id, proc]) => [id, { ...proc, uid: proc.uid + 1 }]));
    expect(readLocks({ ...ours, uid: ours.uid + 1 }, foreign)).toEqual([]);

    const { lock: linked = '' } = bench.whole(bench.other('linked'));
    await writeFile(join(bench.home, 'forged'), JSON.stringify({ pid }));
    await symlink(join(bench.home, 'forged'), linked);
    const seen = readLocks({ ...ours, lockFile: linked }, readProcesses());
    expect(seen.map((one) => one.file)).not.toContain(linked);
  });
});
