import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fail } from '../../src/core/problem.ts';
import { LocalHost } from '../../src/host/local.ts';
import { pull } from '../../src/visits/pull.ts';
import { rollback } from '../../src/visits/rollback.ts';
import { moverFor, type MoverOptions } from '../kit/mover.ts';
import { expectAsPictured } from '../kit/picture.ts';
import { freePort } from '../kit/ports.ts';
import { killOne, liveProcesses } from '../kit/processes.ts';
import type { TempLab } from '../kit/temp-lab.ts';
import { at, expectRolledBack, tryMove } from '../kit/try-move.ts';
import { waitFor } from '../kit/wait.ts';

// Several whole moves, with the waits of gateways that do not do as they are told.
vi.setConfig({ testTimeout: 150_000 });

/** A trial set-up where the gateway is to live. */
function leaveSomething({ new: { home } }: TempLab): void {
  mkdirSync(join(home, '.smart-agent-neo/workspace'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.smart-agent-neo/smart-agent-neo.json'), '{ "gateway": { "mode": "local" } } // a trial\n');
  writeFileSync(join(home, '.smart-agent-neo/workspace/notes.md'), 'kept\n', { mode: 0o640 });
}

const REPLACE = { prepare: leaveSomething, asked: { replace: true } } as const;

describe('a doctor', () => {
  it('that fails rolls back: 9, with its words', () =>
    tryMove({ runsAs: 'service', traps: { new: { 'doctor-fails': true } }, ...REPLACE }, (tried) => {
      expectRolledBack(tried, 9, 'doctor-failed');
      expect(tried.verdict.problem?.message).toMatch(/exit code 1 .*the session store cannot be read/);
    }));

  it('that hangs rolls back: 9', () =>
    tryMove({ traps: { new: { 'doctor-hangs': true } }, limits: { doctorMs: 2000 } }, (tried) => {
      expectRolledBack(tried, 9, 'command-timeout');
    }));

  it('that changes something each time is run three times, told, and moved; what it did is in the report, and nothing else (F97)', () =>
    tryMove({ traps: { new: { 'doctor-restless': true } } }, ({ lab, verdict, events, mover }) => {
      expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const warned = events.flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
      expect(warned.find(({ code }) => code === 'doctor-unsettled')?.message).toContain('/settings/doctor.json');
      const passes = events.flatMap((event) => (event.type === 'run.doctor' ? [event] : []));
      expect(passes.map(({ pass }) => pass)).toEqual([1, 2, 3]);
      const live = join(lab.new.home, '.smart-agent-neo');
      expect(passes[2]?.changes?.added).toContain(join(live, 'settings/doctor.json'));
      expect(passes[2]?.changes?.removed).toEqual([]);
      const listed = readFileSync(
        join(mover.stateHome, 'runs', events.at(-1)?.run ?? '', 'doctor-changes.ndjson'),
        'utf8',
      );
      expect(listed).toContain(join(live, 'settings/doctor.json'));
    }));

  it('that cuts a line off a transcript rolls back: 8, with its name, which no list of names would miss (F97)', () =>
    tryMove({ runsAs: 'service', traps: { new: { 'doctor-cuts-transcript': true } } }, (tried) => {
      expectRolledBack(tried, 8, 'doctor-overreached');
      expect(tried.verdict.problem?.message).toMatch(/agents\/main\/sessions\/\S+\.jsonl \(changed\)/);
    }));

  it('that renames transcripts away rolls back: 8, before a gateway is started on that; the next try brings them again, and moves', () =>
    tryMove({ runsAs: 'service', traps: { new: { 'doctor-renames-transcripts': true } } }, async (tried) => {
      expectRolledBack(tried, 8, 'inventory-shrank');
      expect(tried.verdict.problem?.message).toContain('not all in what doctor left');
      expect(tried.events.some((event) => event.type === 'step.before' && event.step === 'start-quiet')).toBe(false);
      const { lab } = tried;
      lab.setTraps('new', {});
      const again = moverFor(lab);
      expect(await pull(again.tools, again.request)).toMatchObject({ outcome: 'moved', exitCode: 0 });
      const { stdout } = lab.cli('new', 'sessions', '--json', '--all-agents');
      const { sessions } = JSON.parse(stdout) as { sessions: { sessionId: string }[] };
      const all = [...lab.state.sessions.main, ...lab.state.sessions.ops];
      expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual(all.sort());
      expect(lab.cli('new', 'doctor', '--non-interactive').stdout).not.toMatch(/missing|orphan/);
    }));

  it('that misses transcripts which lie under another path than their session names rolls back: 9', () =>
    tryMove(
      {
        meanwhile: at('step.applied', 'swap', ({ new: { home } }) => {
          const index = join(home, '.smart-agent-neo/agents/main/sessions/sessions.json');
          writeFileSync(index, readFileSync(index, 'utf8').replaceAll(home, '/home/olga'));
        }),
      },
      (tried) => {
        expectRolledBack(tried, 9, 'doctor-complains');
        expect(tried.verdict.problem?.message).toContain('agents/main/sessions/');
      },
    ));

  it('that complains of an orphan which the old machine has too is heard and told, and the move goes on', () =>
    tryMove(
      {
        prepare: ({ state }) =>
          writeFileSync(join(state.stateDir, 'agents/main/sessions/0f0e0d0c-long-forgotten.jsonl'), '{"id":1}\n'),
      },
      ({ lab, verdict, events }) => {
        expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
        const warned = events.flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
        expect(warned.filter(({ code }) => code === 'doctor-complained-before')).toHaveLength(1);
        expect(
          existsSync(join(lab.new.home, '.smart-agent-neo/agents/main/sessions/0f0e0d0c-long-forgotten.jsonl')),
        ).toBe(true);
      },
    ));
});

describe('a new gateway', () => {
  it('whose unit names another state dir is stopped, and the move taken back: 9; it would have served an empty one and looked well', () =>
    // Without the variable that the config would want from the `.env` of the right place.
    tryMove({ runsAs: 'service', config: { models: {} }, traps: { new: { 'install-elsewhere': true } } }, (tried) => {
      rmSync(join(tried.lab.new.home, '.smart-agent-neo-elsewhere'), { recursive: true, force: true });
      expectRolledBack(tried, 9, 'new-serves-elsewhere');
      expect(tried.verdict.problem?.message).toContain('.smart-agent-neo-elsewhere');
    }));

  it('whose service a drop-in here leads elsewhere is never committed: 9', () => {
    const prepare = ({ new: { home } }: TempLab): void => {
      const folder = join(home, '.config/systemd/user/smart-agent-neo-gateway.service.d');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'trial.conf'), `[Service]\nEnvironment=SMART_AGENT_NEO_STATE_DIR=${home}/trial\n`);
    };
    return tryMove({ runsAs: 'service', prepare }, (tried) => {
      expectRolledBack(tried, 9, 'new-serves-elsewhere');
      expect(tried.verdict.problem?.message).toMatch(/trial\.conf .*SMART_AGENT_NEO_STATE_DIR/);
      expect(tried.events.map(({ type }) => type)).not.toContain('run.committed');
    });
  });

  it.each(['start-crashes', 'start-never-ready'] as const)('with %s rolls back: 9', (trap) =>
    tryMove({ runsAs: 'service', traps: { new: { [trap]: true } }, limits: { startMs: 2500 }, ...REPLACE }, (tried) => {
      expectRolledBack(tried, 9, 'new-did-not-start');
    }),
  );

  it('that knows less than the old one rolls back: 8', () =>
    tryMove({ traps: { new: { 'sessions-lost': true } } }, (tried) => {
      expectRolledBack(tried, 8, 'inventory-shrank');
      expect(tried.verdict.problem?.message).toMatch(/session/i);
    }));

  // What a product forgets of its own is seen by nobody who asks the product only.
  it('that drops a cron job and archives a transcript rolls back: 8, with both names', () =>
    tryMove(
      {
        meanwhile: at('step.before', 'it-works', ({ new: { home }, state }) => {
          const live = join(home, '.smart-agent-neo');
          const jobs = JSON.parse(readFileSync(join(live, 'cron/jobs.json'), 'utf8')) as { jobs: unknown[] };
          writeFileSync(join(live, 'cron/jobs.json'), JSON.stringify({ ...jobs, jobs: jobs.jobs.slice(1) }));
          const file = join(live, 'agents/main/sessions', `${state.sessions.main[1] ?? ''}.jsonl`);
          renameSync(file, `${file}.deleted.2026-11-25T10-00-00.000Z`);
        }),
      },
      (tried) => {
        expectRolledBack(tried, 8, 'inventory-shrank');
        const { message = '' } = tried.verdict.problem ?? {};
        expect(message).toContain('job 0');
        expect(message).toContain(`main/${tried.lab.state.sessions.main[1] ?? ''}.jsonl`);
        const counted = tried.events.filter((event) => event.type === 'run.counted');
        expect(counted.map(({ tree, counts }) => [tree, counts['cron-job']])).toEqual([
          ['old', 45],
          ['copy', 45],
          ['new', 44],
        ]);
      },
    ));

  it('of which health says that it is not well, and its port and page that it serves, rolls back: 9, with both words', () =>
    tryMove({ traps: { new: { 'health-lies': true } } }, (tried) => {
      expectRolledBack(tried, 9, 'probes-disagree');
      expect(tried.verdict.problem?.message).toMatch(/product says no \(health not ok\).* says yes \(.*HTTP 200/);
    }));

  it('whose workspace leads out of what was moved rolls back: 9', () =>
    tryMove(
      {
        meanwhile: at('step.applied', 'start-quiet', ({ new: { home } }) => {
          const workspace = join(home, '.smart-agent-neo/workspace-ops');
          renameSync(workspace, join(home, 'elsewhere'));
          symlinkSync(join(home, 'elsewhere'), workspace);
        }),
      },
      (tried) => {
        const elsewhere = join(tried.lab.new.home, 'elsewhere');
        rmSync(elsewhere, { recursive: true });
        expectRolledBack(tried, 9, 'new-unhealthy');
        expect(tried.verdict.problem?.message).toContain(`workspace-ops (${elsewhere})`);
      },
    ));

  it('that dies before it is looked at, and of which health says that it is well, rolls back: 9', () =>
    tryMove(
      {
        traps: { new: { 'health-lies': true } },
        meanwhile: at('step.before', 'it-works', ({ new: side }) => {
          for (const one of liveProcesses(side.pidsFile)) killOne(one);
        }),
      },
      (tried) => {
        expectRolledBack(tried, 9, 'probes-disagree');
        expect(tried.verdict.problem?.message).toMatch(
          /product says yes \(health ok\).* says no \(it does not run, no answer\)/,
        );
      },
    ));

  it('whose service cannot be installed after the commit is proven dead, and rolls back: 9', () =>
    tryMove({ runsAs: 'service', traps: { new: { 'install-fails': true } }, limits: { startMs: 2500 } }, (tried) => {
      expect(tried.events.some((event) => event.type === 'run.committed')).toBe(true);
      expectRolledBack(tried, 9, 'new-did-not-start');
    }));

  it('whose channels do not connect is moved, and says so: 14', () =>
    tryMove(
      { traps: { new: { 'channels-do-not-connect': true } }, limits: { channelsMs: 500 } },
      ({ lab, verdict, events }) => {
        expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 14 });
        expect(verdict.problem).toMatchObject({ code: 'channel-not-connected', stops: false });
        expect(events.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'moved', exitCode: 14 });
        expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 0, new: 1 });
        expect(lab.hub.violations()).toEqual([]);
      },
    ));

  it('whose log speaks of refused, replaced and unlinked logins is moved, and each is named, without a word of the log: 14 (F100)', () =>
    tryMove({ traps: { new: { 'channels-complain': true } } }, ({ verdict, events }) => {
      expect(verdict).toMatchObject({ outcome: 'moved', running: 'new', exitCode: 14 });
      const warned = events.flatMap((event) => (event.type === 'run.warned' ? [event.problem] : []));
      const said = warned.filter(({ message }) => message.startsWith('The log of the new gateway says'));
      expect(said.map(({ code }) => code)).toEqual([
        'channel-replaced',
        'channel-conflict',
        'login-refused',
        'link-needed',
      ]);
      expect(JSON.stringify(events)).not.toContain('canary-of-a-log');
    }));

  it('that crashes again and again once it speaks is told, and left to a person: 10 (F99)', () =>
    tryMove(
      { runsAs: 'service', traps: { new: { 'crashes-later': true } }, limits: { soakMs: 6000 } },
      ({ lab, verdict }) => {
        expect(verdict).toMatchObject({ outcome: 'failed', exitCode: 10, problem: { code: 'new-restarts' } });
        expect(verdict.problem?.hint).toMatch(/journalctl --user -u .*neo-pull rollback --after-commit/);
        expect(lab.running('old')).toEqual([]);
      },
    ));

  it('that does not stop keeps the old one off: 10, nobody speaks; with it gone a rollback finishes', () =>
    tryMove({ runsAs: 'service', traps: { new: { 'ignore-term': true } }, limits: { stopMs: 1000 } }, async (tried) => {
      const { lab, was, verdict } = tried;
      expect(verdict).toMatchObject({ outcome: 'failed', exitCode: 10, problem: { code: 'unwind-incomplete' } });
      expect(verdict.problem?.message).toMatch(/still lives after 1 s \(pid \d+\)/);
      expect(verdict.problem?.hint).toMatch(/Stop it by hand.*neo-pull rollback \d/);
      expect(JSON.stringify(verdict.problem?.detail)).toContain('new-did-not-stop');
      expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 0, new: 1 });
      for (const one of liveProcesses(lab.new.pidsFile)) killOne(one);
      const back = moverFor(lab);
      expect(await rollback(back.tools, null, { connect: {}, afterCommit: false })).toMatchObject({
        outcome: 'rolled-back',
        running: 'old',
        exitCode: 0,
      });
      expectAsPictured(lab, was, { staged: true });
    }));
});

describe('after the commit', () => {
  it('an old machine that can no longer be reached is told, and the move stands: 14 (F21)', () => {
    let isGone = false;
    const old: NonNullable<MoverOptions['old']> = (homes) => {
      const { home, env } = homes.old;
      const host = new LocalHost({ label: 'old machine', env, cwd: home });
      const gone = fail('connection-lost', { message: 'The connection to old.example ended.', hint: 'Look there.' });
      return {
        label: host.label,
        spawn: (argv, options) => (isGone ? Promise.reject(gone) : host.spawn(argv, options)),
        close: () => host.close(),
      };
    };
    return tryMove({ old, meanwhile: at('step.applied', 'start-new', () => (isGone = true)) }, ({ lab, verdict }) => {
      expect(verdict).toMatchObject({
        outcome: 'moved',
        running: 'new',
        exitCode: 14,
        problem: { code: 'old-unseen' },
      });
      expect({ old: lab.running('old').length, new: lab.running('new').length }).toEqual({ old: 0, new: 1 });
      expect(lab.hub.violations()).toEqual([]);
    });
  });

  it('an old gateway that somebody starts again is told at once: 10 (F95)', async () => {
    let started: Promise<number> | null = null;
    const port = String(await freePort());
    return tryMove(
      {
        // Far longer than it takes: it is seen while watching, and not only at the end.
        limits: { soakMs: 600_000 },
        meanwhile: at('step.applied', 'start-new', (lab) => {
          // Without its channels: what is to be seen is that it lives, not what two that speak do to each other.
          started = lab.startForeground('old', {
            SMART_AGENT_NEO_SKIP_CHANNELS: '1',
            SMART_AGENT_NEO_GATEWAY_PORT: port,
          });
        }),
      },
      async ({ verdict }) => {
        await started;
        expect(verdict).toMatchObject({ outcome: 'failed', running: 'unknown', exitCode: 10 });
        expect(verdict.problem).toMatchObject({ code: 'old-alive-after-move' });
        expect(verdict.problem?.hint).toContain('Stop the one on the old machine now');
      },
    );
  });

  it('a new gateway that is found dead later is told by the next pull: 10', () =>
    tryMove({}, async ({ lab, verdict }) => {
      expect(verdict).toMatchObject({ outcome: 'moved', exitCode: 0 });
      lab.cli('new', 'gateway', 'stop', '--json');
      await waitFor('the new gateway is down', () => {
        for (const one of liveProcesses(lab.new.pidsFile)) killOne(one);
        return lab.running('new').length === 0;
      });
      const again = moverFor(lab);
      const found = await pull(again.tools, again.request);
      expect(found).toMatchObject({
        outcome: 'failed',
        running: 'unknown',
        exitCode: 10,
        problem: { code: 'moved-but' },
      });
      expect(found.problem?.hint).toMatch(/neo-pull verify .*neo-pull rollback/);
      expect(lab.running('old')).toEqual([]);
    }));
});
