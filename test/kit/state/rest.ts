import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from './pen.ts';
import type { Pen } from './pen.ts';
import type { Places } from './places.ts';

/** What else a state dir holds: cron, media, skills, hooks, logs, marks that must not travel. */
export function writeRest(pen: Pen, { stateDir }: Places): void {
  const jobs = Array.from({ length: 45 }, (_, at) => {
    const payload = { kind: 'agentTurn', message: `look after ${stateDir}/workspace` };
    return {
      id: idOf(`job ${String(at)}`),
      name: `job ${String(at)}`,
      enabled: true,
      payload,
      state: { nextRunAtMs: 4_102_444_800_000 },
    };
  });
  pen.file(join(stateDir, 'cron/jobs.json'), { version: 1, jobs });
  pen.file(join(stateDir, 'cron/runs/earlier.jsonl'), '{"ts":1,"action":"finished"}\n');
  pen.file(join(stateDir, 'telegram/update-offset-default.json'), { version: 2, lastUpdateId: 4711 }, 0o644);
  pen.file(join(stateDir, 'subagents/runs.json'), { version: 2, runs: {} });
  pen.file(join(stateDir, 'delivery-queue/failed/old.json'), { to: '4900001' });
  pen.file(join(stateDir, 'media/inbound/photo.bin'), Buffer.alloc(64 * 1024, 7));
  pen.file(join(stateDir, 'skills/weather/run.sh'), '#!/bin/sh\necho sun\n', 0o755);
  pen.file(join(stateDir, 'skills/weather/SKILL.md'), '# Weather\n', 0o644);
  pen.file(join(stateDir, 'hooks/on-start.sh'), '#!/bin/sh\nexit 0\n', 0o755);
  pen.file(join(stateDir, 'extensions/voice/index.js'), 'export default {};\n', 0o644);
  pen.file(join(stateDir, 'canvas/index.html'), '<p>canvas</p>\n', 0o644);
  pen.file(join(stateDir, 'logs/gateway.log'), `token ${pen.canaries.of('log')}\n`);
  pen.file(join(stateDir, 'update-check.json'), { lastCheckedAt: '2026-11-20T00:00:00.000Z' });
  pen.file(join(stateDir, 'agents/main/sessions/stale.jsonl.lock'), '999999');
  symlinkSync(join(stateDir, 'media/inbound'), pen.on(join(stateDir, 'media/latest')));
}
