import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { send } from './channels.ts';
import { env } from './names.ts';
import { stateDir } from './paths.ts';
import { trap } from './settings.ts';

/** What a gateway does of its own accord when it comes up: overdue jobs fire, waiting messages go out. */
export function catchUp(): void {
  const jobs = join(stateDir(), 'cron/jobs.json');
  if (!env('SKIP_CRON') && existsSync(jobs)) {
    const { jobs: all } = JSON.parse(readFileSync(jobs, 'utf8')) as {
      jobs: { id: string; state?: { nextRunAtMs?: number } }[];
    };
    const due = all.filter((job) => (job.state?.nextRunAtMs ?? Infinity) < Date.now());
    mkdirSync(join(stateDir(), 'cron/runs'), { recursive: true });
    for (const job of due) {
      appendFileSync(
        join(stateDir(), 'cron/runs', `${job.id}.jsonl`),
        `${JSON.stringify({ ts: Date.now(), action: 'finished' })}\n`,
      );
      send({ cron: job.id });
    }
  }
  const queue = join(stateDir(), 'delivery-queue');
  if ((env('SKIP_CHANNELS') && !trap('sends-when-quiet')) || !existsSync(queue)) return;
  for (const name of readdirSync(queue).filter((file) => file.endsWith('.json'))) {
    send({ queued: name });
    rmSync(join(queue, name));
  }
}
