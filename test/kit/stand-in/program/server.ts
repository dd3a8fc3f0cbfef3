import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { admit } from './devices.ts';
import { TITLE, VERSION } from './names.ts';

/** What the gateway's own CLI may ask of it. */
export type Methods = Readonly<Record<string, () => unknown>>;

const PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${TITLE} Control</title></head>
  <body><main id="app"><h1>${TITLE} Control</h1><p>Gateway ${VERSION} is up.</p></main></body>
</html>
`;

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function rpc(
  request: IncomingMessage,
  response: ServerResponse,
  gate: { token: string | undefined; methods: Methods },
) {
  if (gate.token && header(request, 'authorization') !== `Bearer ${gate.token}`) {
    answer(response, 401, {
      error: 'unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)',
    });
    return;
  }
  const deviceToken = admit(header(request, 'x-device-id'), header(request, 'x-device-token'));
  if (deviceToken === null) {
    answer(response, 401, { error: 'unauthorized: device token mismatch (rotate/reissue device token)' });
    return;
  }
  const method = gate.methods[(request.url ?? '').replace('/rpc/', '')];
  if (!method) answer(response, 404, { error: 'unknown method' });
  else answer(response, 200, method(), { 'x-device-token': deviceToken });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
}

/** Listens on the loopback of both families, where there are both: the dashboard on `/`, the gateway's own calls below `/rpc/`. */
export async function serve(port: number, gate: { token: string | undefined; methods: Methods }): Promise<void> {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/rpc/')) rpc(request, response, gate);
    else if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    else answer(response, 404, { error: 'not found' });
  };
  await listen(createServer(handle), '127.0.0.1', port);
  try {
    await listen(createServer(handle), '::1', port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw error; // without IPv6 there is one loopback only
  }
}
