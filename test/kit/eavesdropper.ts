import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** The name-lists of a client's KEXINIT (RFC 4253, 7.1), as they stood on the wire. */
export interface Offer {
  readonly kex: readonly string[];
  readonly hostKeys: readonly string[];
  /** Of both directions, as the next two. */
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly compression: readonly string[];
}

/** An SSH server that only listens. */
export interface Eavesdropper {
  readonly port: number;
  /** What each client has offered. */
  readonly offers: readonly Offer[];
  /** The numbers of the messages that clients have sent behind their offer. */
  readonly followed: readonly number[];
  close(): Promise<void>;
}

const IGNORE = 2;
const KEXINIT = 20;
const BLOCK = 8;

/**
 * Listens on a loopback port as an SSH server that hears what every client offers, answers with these payloads of packets, and hangs up
 * at what comes then; at once where it has no answer. Always `close` it.
 */
export async function eavesdrop(answer: readonly Buffer[] = []): Promise<Eavesdropper> {
  const offers: Offer[] = [];
  const followed: number[] = [];
  const server = createServer((socket) => {
    let heard = Buffer.alloc(0);
    let isAnswered = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      const [first, second] = packetsIn(heard);
      if (first && !isAnswered) {
        isAnswered = true;
        offers.push(offerOf(first));
        socket.write(Buffer.concat(answer.map(packetOf)));
      }
      if (second) followed.push(second[1] ?? -1);
      if (second ?? (first && answer.length === 0)) socket.destroy();
    });
    socket.write('SSH-2.0-eavesdropper\r\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    offers,
    followed,
    async close() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** The payload of a message that means nothing. */
export function ignored(): Buffer {
  return Buffer.from([IGNORE, 0, 0, 0, 0]);
}

/** The payload of a server's KEXINIT with these algorithms for the exchange, and one usual algorithm of every other kind. */
export function kexInit(...kex: readonly string[]): Buffer {
  const [cipher, mac] = ['aes128-ctr', 'hmac-sha2-256'];
  const lists = [kex.join(), 'ssh-ed25519', cipher, cipher, mac, mac, 'none', 'none', '', ''];
  const strings = lists.flatMap((list) => [uint32(list.length), Buffer.from(list)]);
  return Buffer.concat([Buffer.from([KEXINIT]), Buffer.alloc(16), ...strings, Buffer.alloc(5)]);
}

function packetOf(payload: Buffer): Buffer {
  const padding = 2 * BLOCK - ((4 + 1 + payload.length) % BLOCK);
  return Buffer.concat([uint32(1 + payload.length + padding), Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The whole packets behind the greeting, without their length: that of the padding, payload, padding. */
function packetsIn(heard: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let at = heard.indexOf('\n') + 1;
  while (at > 0 && heard.length >= at + 4) {
    const end = at + 4 + heard.readUInt32BE(at);
    if (heard.length < end) break;
    packets.push(heard.subarray(at + 4, end));
    at = end;
  }
  return packets;
}

function offerOf(packet: Buffer): Offer {
  if (packet[1] !== KEXINIT) throw new Error(`the first packet is no KEXINIT but a ${String(packet[1])}`);
  // Behind the length of the padding, the number of the message and the cookie.
  let at = 1 + 1 + 16;
  const list = (): string[] => {
    const length = packet.readUInt32BE(at);
    at += 4 + length;
    return packet.toString('latin1', at - length, at).split(',');
  };
  const both = (): string[] => [...new Set([...list(), ...list()])];
  return { kex: list(), hostKeys: list(), ciphers: both(), macs: both(), compression: both() };
}
