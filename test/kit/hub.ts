import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the hub's books. */
export interface HubLine {
  readonly at: number;
  readonly pid: number;
  readonly stateDir: string;
  readonly [other: string]: unknown;
}

/** What the networks behind the channels have seen. */
export interface Hub {
  readonly path: string;
  /** Two gateways that spoke on one identity at one time; must be empty, always. */
  readonly violations: () => HubLine[];
  /** Every time a gateway began to speak, in order. */
  readonly spoken: () => HubLine[];
  /** Queued messages that went out and cron jobs that fired. */
  readonly sent: () => HubLine[];
}

/** Reads the books of the hub in a directory. */
export function hubAt(path: string): Hub {
  const lines = (name: string) => {
    const file = join(path, name);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as HubLine);
  };
  return {
    path,
    violations: () => lines('VIOLATION'),
    spoken: () => lines('spoken.ndjson'),
    sent: () => lines('sent.ndjson'),
  };
}

/** A write that a gateway acknowledged. */
export type Acknowledged = { readonly row: number } | { readonly line: number; readonly file: string };

/** The writes noted in an ack file, in order; a torn last line is one that was not acknowledged. */
export function acknowledged(ackFile: string): Acknowledged[] {
  if (!existsSync(ackFile)) return [];
  const whole = readFileSync(ackFile, 'utf8').split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Acknowledged);
}
