import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Config } from './config.ts';
import { deviceId, deviceToken, keepDeviceToken } from './devices.ts';
import { env } from './names.ts';
import { configPath, gatewayPort } from './paths.ts';

/** The gateway did not answer; the message is what the product would print. */
export class GatewayClosed extends Error {}

function closed(port: number, why: string): GatewayClosed {
  const lines = [
    why,
    `Gateway target: ws://127.0.0.1:${String(port)}`,
    'Source: local loopback',
    `Config: ${configPath()}`,
    'Bind: loopback',
  ];
  return new GatewayClosed(lines.join('\n'));
}

/** The token that callers and gateway must agree on: a service's environment wins over the config. */
export function gatewayToken(config: Config): string | undefined {
  return env('GATEWAY_TOKEN') ?? config.gateway?.auth?.token;
}

/** Asks the running gateway; the first contact of a device writes on both sides. Throws `GatewayClosed`. */
export async function callGateway(config: Config, method: string): Promise<unknown> {
  const { port } = gatewayPort(config);
  const id = deviceId();
  const headers = {
    authorization: `Bearer ${gatewayToken(config) ?? ''}`,
    'x-device-id': id,
    'x-device-token': deviceToken(),
  };
  let response: IncomingMessage;
  try {
    response = await post(`http://127.0.0.1:${String(port)}/rpc/${method}`, headers);
  } catch {
    throw closed(port, 'gateway closed (1006 abnormal closure (no close frame)): no close reason');
  }
  const body: unknown = await json(response);
  if (response.statusCode !== 200)
    throw closed(port, `gateway closed (1008): ${String((body as { error?: unknown }).error)}`);
  const given = response.headers['x-device-token'];
  if (typeof given === 'string' && given !== '' && given !== deviceToken()) keepDeviceToken(id, given);
  return body;
}

async function post(url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(5000);
    request(url, { method: 'POST', headers, signal, agent: false }, resolve).once('error', reject).end();
  });
}
