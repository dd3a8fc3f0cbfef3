import { connect, type LookupFunction, type Socket } from 'node:net';

/** Where to, and for how long in all. */
export interface TcpWay {
  readonly host: string;
  readonly port: number;
  /** Addresses of this family only. */
  readonly family: 4 | 6 | null;
  readonly connectTimeoutMs: number;
}

/** So many addresses of a name come to be tried although each of them is silent. */
const SILENT_ADDRESSES = 3;

/**
 * Begins a line to a name, whose addresses are tried one after the other; the socket that it gives may still be connecting. Each address
 * has a third of the time: Node's own 250 ms are less than one round trip by satellite, and the right one would be given up.
 */
export function tcpTo({ host, port, family, connectTimeoutMs }: TcpWay, lookup?: LookupFunction): Socket {
  return connect({
    ...{ host, port },
    // Many small commands: without noDelay each would wait for the acknowledgement of the one before.
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(connectTimeoutMs / SILENT_ADDRESSES)),
    ...(family && { family }),
    ...(lookup && { lookup }),
  });
}
