import { z } from 'zod';
import type { Host } from '../core/host.ts';
import type { Gateway } from '../core/plan.ts';
import { printable } from '../host/printable.ts';
import type { Evidence, LifeAnswer } from './probe-contract.ts';
import { probe, subjectOf, type Waiting } from './probe.ts';
import { readService, type Service } from './supervise.ts';

export type { Evidence, Stray } from './probe-contract.ts';

/** Every sign of life of one gateway on its machine: what is seen, never what the product says of itself. */
export interface Life extends LifeAnswer {
  /**
   * The gateway holds its port or its lock, a process of it serves, or its service is anything but stopped. False is only worth
   * something where `supported`; and what the gateway left behind may live on, which `evidence` tells.
   */
  readonly alive: boolean;
  /** Is its port open? A gateway that starts is alive long before that. */
  readonly listening: boolean;
  /**
   * Signs of every kind. Beyond what makes it `alive`: `open-file` for any program of this user that has a file under the state dir
   * open for writing, and `process` for helpers of the product that were left behind. A dead gateway has none at all.
   */
  readonly evidence: readonly Evidence[];
  /** What listens on the gateway's port and is not this gateway: another program, or another profile. */
  readonly portTakenBy: { readonly pid: number | null; readonly what: string } | null;
  /** The same of the ports that the gateway takes beside its own, for its browser and its canvas. */
  readonly morePortsTaken: LifeAnswer['morePortsTaken'];
  /** Null where no user service manager answers, or this gateway cannot have a service. */
  readonly service: Service | null;
  /**
   * The one to signal, being this gateway's beyond doubt. `argv` and `cwd` are what it was started with; secrets in the argv are
   * struck out, and where a process title has overwritten it, it is put together anew.
   */
  readonly process: LifeAnswer['process'];
}

const pid = z.number().int().positive();
const evidence = z.object({
  kind: z.enum(['port', 'process', 'lock', 'unit', 'open-file']),
  pid: pid.nullable(),
  detail: z.string().transform((text) => printable(text)),
});
const strays = z.array(
  z.object({
    what: z.enum(['state dir', 'config', 'profile', 'home']),
    is: z.string().transform((text) => printable(text)),
  }),
);
const holder = { pid: pid.nullable(), what: z.string().transform((text) => printable(text)) };
const lifeAnswer = z.object({
  supported: z.boolean(),
  bootId: z.string().max(64),
  alive: z.boolean(),
  listening: z.boolean(),
  evidence: z.array(evidence).max(200),
  portTakenBy: z.object(holder).nullable(),
  morePortsTaken: z.array(z.object({ port: z.number(), ...holder })),
  process: z
    .object({ pid, startTime: z.string().regex(/^\d+$/), cwd: z.string(), argv: z.array(z.string()), strays })
    .nullable(),
  calls: z.array(pid).max(200),
});

/**
 * Looks for signs of life of a gateway: its port, its lock, its processes, its service, and open files under its state dir.
 * Read-only, any number of times. Throws as `probe` does, and `connection-lost`.
 */
export async function readLife(host: Host, gateway: Gateway, waiting: Waiting = {}): Promise<Life> {
  const service = await readService(host, gateway, waiting);
  const subject = subjectOf(gateway, service?.mainPid ?? null);
  const seen = await probe({ host, gateway }, { verb: 'life', subject }, { shape: lifeAnswer, waiting });
  if (!service?.active) return { ...seen, service };
  const sign: Evidence = { kind: 'unit', pid: service.mainPid, detail: `${service.unit} is ${service.activeState}` };
  return { ...seen, service, alive: true, evidence: [...seen.evidence, sign] };
}
