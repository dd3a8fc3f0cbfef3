import ssh2, { type ParsedKey, type SigningRequestOptions } from 'ssh2';
import type { Ask } from '../core/ask.ts';
import { ProblemError } from '../core/problem.ts';
import { fingerprintOf } from './host-key.ts';
import { printable } from './printable.ts';
import type { AlgorithmLists } from './ssh-algorithm-lists.ts';
import { signaturesOf } from './ssh-algorithms.ts';
import { type Identity, readIdentity, unlock } from './ssh-identity.ts';

/** A key that can be offered to a server. Only when the server would take it is it asked to sign. */
export interface OfferedKey {
  readonly publicKey: ParsedKey;
  /** For people: `key ~/.ssh/id_ed25519`. */
  readonly label: string;
  /** By which algorithms it may sign. */
  readonly signatures: readonly string[];
  sign(data: Buffer, options: SigningRequestOptions): Promise<Buffer>;
}

const PASSPHRASE_TRIES = 3;

/** The keys of one Host: key files and the agent's. Passphrases are asked at most once for each file while the process lives. */
export class Keyring {
  readonly #paths: readonly string[];
  readonly #agent: ssh2.OpenSSHAgent | null;
  readonly #passphrase: string | null;
  readonly #identitiesOnly: boolean;
  readonly #signatures: readonly string[] | null;
  readonly #unlocked = new Map<string, ParsedKey>();
  #identities: readonly Identity[] | null = null;
  /** Files that the server might have taken and that could not be used, with the reason. */
  readonly faults = new Map<string, string>();
  /** Is there a key file that OpenSSH would have read? */
  holdsForeign = false;
  /** What was wrong with the agent, when there is one and it did not answer. */
  agentFault: string | null = null;

  constructor({
    identities,
    agent,
    passphrase,
    identitiesOnly = false,
    algorithms,
  }: {
    identities: readonly string[];
    agent: string | null;
    passphrase: string | null;
    identitiesOnly?: boolean;
    algorithms?: AlgorithmLists;
  }) {
    this.#paths = identities;
    this.#agent = agent === null ? null : new ssh2.OpenSSHAgent(agent);
    this.#passphrase = passphrase;
    this.#identitiesOnly = identitiesOnly;
    this.#signatures = algorithms?.signatures?.names ?? null;
  }

  /** The keys to offer, in ssh's order: named files that the agent holds, the agent's others (if they may), files by themselves. */
  async offers(ask: Ask | null): Promise<OfferedKey[]> {
    this.#identities ??= (await Promise.all(this.#paths.map(readIdentity))).filter((identity) => identity !== null);
    const held = await this.#agentKeys();
    const named: OfferedKey[] = [];
    for (const identity of this.#identities) {
      const offer = await this.#offer(identity, held, ask);
      if (offer) named.push(offer);
    }
    const isHeld = ({ publicKey }: OfferedKey): boolean => held.some((key) => sameKey(publicKey, key));
    const unnamed = held.filter((key) => !named.some(({ publicKey }) => sameKey(publicKey, key)));
    const others = unnamed.map((key) => this.#agentOffer(key, `agent key ${fingerprintOf(key.getPublicSSH())}`));
    const all = [
      ...named.filter(isHeld),
      ...(this.#identitiesOnly ? [] : others),
      ...named.filter((offer) => !isHeld(offer)),
    ];
    return all.filter(({ signatures }) => signatures.length > 0);
  }

  async #offer(identity: Identity, held: readonly ParsedKey[], ask: Ask | null): Promise<OfferedKey | null> {
    const label = `key ${printable(identity.path, 200)}`;
    if (identity.state === 'faulty') {
      this.faults.set(identity.path, identity.reason);
      return null;
    }
    if (identity.state === 'foreign') {
      this.holdsForeign = true;
      this.faults.set(identity.path, 'is a private key in a form that only OpenSSH reads');
      return null;
    }
    const inAgent = held.find((key) => identity.publicKey !== null && sameKey(identity.publicKey, key));
    if (inAgent) return this.#agentOffer(inAgent, `${label} (by the agent)`);
    if (identity.state === 'half') {
      this.faults.set(identity.path, 'is a public key, and no agent holds its private half');
      return null;
    }
    // Without its public half the key cannot be offered before it is unlocked.
    const publicKey = identity.publicKey ?? (await this.#privateKey(identity, ask));
    if (publicKey === null) return null;
    const sign: OfferedKey['sign'] = async (data, { hash }) =>
      signWith(await this.#privateKey(identity, ask), data, hash);
    return { publicKey, label, sign, signatures: signaturesOf(publicKey.type, this.#signatures) };
  }

  #agentOffer(publicKey: ParsedKey, label: string): OfferedKey {
    return {
      publicKey,
      label,
      signatures: signaturesOf(publicKey.type, this.#signatures),
      sign: (data, options) =>
        new Promise((resolve, reject) => {
          this.#agent?.sign(publicKey, data, options, (error, signature) => {
            if (signature) resolve(signature);
            else reject(error ?? new Error('the agent did not sign'));
          });
        }),
    };
  }

  async #privateKey(identity: Identity & { state: 'open' | 'locked' }, ask: Ask | null): Promise<ParsedKey | null> {
    if (identity.state === 'open') return identity.privateKey;
    const known = this.#unlocked.get(identity.path);
    if (known) return known;
    for await (const passphrase of this.#passphrases(identity.path, ask)) {
      const key = unlock(identity.text, passphrase);
      if (key) {
        this.#unlocked.set(identity.path, key);
        this.faults.delete(identity.path);
        return key;
      }
      this.faults.set(identity.path, 'is encrypted with another passphrase');
    }
    if (!this.faults.has(identity.path)) this.faults.set(identity.path, 'is encrypted, and there is no passphrase');
    return null;
  }

  async *#passphrases(path: string, ask: Ask | null): AsyncGenerator<string> {
    if (this.#passphrase !== null) yield this.#passphrase;
    if (!ask) return;
    for (let tries = 0; tries < PASSPHRASE_TRIES; tries += 1)
      yield ask.secret(`Passphrase for ${printable(path, 200)}`);
  }

  async #agentKeys(): Promise<readonly ParsedKey[]> {
    const agent = this.#agent;
    if (!agent) return [];
    return new Promise((resolve) => {
      agent.getIdentities((error, keys) => {
        this.agentFault = error ? 'did not answer' : null;
        resolve((keys ?? []).flatMap(asParsedKey));
      });
    });
  }
}

/** What ssh2 hears, and gives to its `error` event, where a key does not sign on the spot. No end of a login. */
export class NotSigned extends Error {}

/**
 * One key as ssh2's method `publickey` wants it. Its method `agent` keeps to itself what the server says after a key, which may be that
 * it wants a second factor. `publickey` has no time for a person or an agent to sign, so a key is offered twice: the first time what
 * is to be signed is noted, the second time the signature lies ready.
 */
export class KeyOnOffer {
  readonly label: string;
  /** For ssh2. */
  readonly key: ParsedKey;
  readonly #offer: OfferedKey;
  #wanted: { readonly data: Buffer; readonly hash: 'sha256' | 'sha512' | undefined } | null = null;
  #signature: Buffer | null = null;

  constructor(offer: OfferedKey) {
    const { publicKey, signatures } = offer;
    // ssh2 chooses among the algorithms of an `ssh-rsa` by itself; by any other name a key signs by that.
    const [only] = publicKey.type === 'ssh-rsa' && signatures.length === 1 ? signatures : [];
    const onlyHash = only?.replace('rsa-sha2-', 'sha');
    this.label = offer.label;
    this.#offer = offer;
    this.key = Object.create(publicKey, {
      isPrivateKey: { value: () => true },
      sign: { value: (data: Buffer, hash = onlyHash) => this.#signed(data, hash) },
      ...(only !== undefined && { type: { value: only } }),
    }) as ParsedKey;
  }

  /**
   * Signs what the server wanted signed when the key was offered; false when it wanted nothing, or the key cannot sign. Never signs
   * by SHA-1. Rejects with what a question was refused with.
   */
  async sign(): Promise<boolean> {
    if (!this.#wanted) return false;
    const { data, hash } = this.#wanted;
    try {
      this.#signature = await this.#offer.sign(data, hash === undefined ? {} : { hash });
      return true;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      return false;
    }
  }

  #signed(data: Buffer, hash?: string): Buffer | Error {
    if (this.#signature && this.#wanted?.data.equals(data)) return this.#signature;
    // For an RSA key, ssh2 falls back to SHA-1 with a server that names no better algorithm.
    const isSha2 = hash === 'sha256' || hash === 'sha512';
    if (isSha2) this.#wanted = { data: Buffer.from(data), hash };
    else if (this.key.type !== 'ssh-rsa') this.#wanted = { data: Buffer.from(data), hash: undefined };
    return new NotSigned('not on the spot');
  }
}

function signWith(key: ParsedKey | null, data: Buffer, hash: string | undefined): Buffer {
  if (!key) throw new Error('the key could not be unlocked');
  const signature: Buffer | Error = hash === undefined ? key.sign(data) : key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return signature;
}

function sameKey(one: ParsedKey, other: ParsedKey): boolean {
  return one.getPublicSSH().equals(other.getPublicSSH());
}

function asParsedKey(key: unknown): ParsedKey[] {
  const parsed = ssh2.utils.parseKey(key as ParsedKey | Buffer | string);
  return parsed instanceof Error ? [] : [parsed];
}
