import { get } from 'node:http';

/** What the gateway's own web page answered. */
export interface PageSeen {
  /** HTTP status; null when nothing answered. */
  readonly status: number | null;
  readonly bytes: number;
}

const WAIT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;

/** Loads the dashboard's page from this machine's loopback, as a browser would. Read-only; never throws for what is not there. */
export function loadDashboard(port: number): Promise<PageSeen> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/', timeout: WAIT_MS, agent: false }, (response) => {
      let bytes = 0;
      const done = (): void => resolve({ status: response.statusCode ?? null, bytes });
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) response.destroy();
      });
      response.on('close', done);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve({ status: null, bytes: 0 }));
  });
}
