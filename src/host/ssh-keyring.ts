import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import type { Ask } from '../core/ask.ts';
import { fingerprintOf } from './host-key.ts';
import { printable } from './printable.ts';
import { type Identity, readIdentity, unlock } from './ssh-identity.ts';

/** A key that can be offered to a server. Only when the server would take it is it asked to sign. */
export interface OfferedKey {
  readonly publicKey: ParsedKey;
  /** For people: `key ~/.ssh/id_ed25519`. */
  readonly label: string;
  sign(data: Buffer, options: SigningRequestOptions): Promise<Buffer>;
}

const PASSPHRASE_TRIES = 3;

/** The keys of one Host: key files and the agent's. Passphrases are asked at most once for each file while the process lives. */
export class Keyring {
  readonly #paths: readonly string[];
  readonly #agent: ssh2.OpenSSHAgent | null;
  readonly #passphrase: string | null;
  readonly #unlocked = new Map<string, ParsedKey>();
  #identities: readonly Identity[] | null = null;
  /** Files that the server might have taken and that could not be used, with the reason. */
  readonly faults = new Map<string, string>();
  /** What was wrong with the agent, when there is one and it did not answer. */
  agentFault: string | null = null;

  constructor({
    identities,
    agent,
    passphrase,
  }: {
    identities: readonly string[];
    agent: string | null;
    passphrase: string | null;
  }) {
    this.#paths = identities;
    this.#agent = agent === null ? null : new ssh2.OpenSSHAgent(agent);
    this.#passphrase = passphrase;
  }

  /** The keys to offer: the files in the order given (by the agent where it holds the same key), then the agent's others. */
  async offers(ask: Ask | null): Promise<OfferedKey[]> {
    this.#identities ??= (await Promise.all(this.#paths.map(readIdentity))).filter((identity) => identity !== null);
    const held = await this.#agentKeys();
    const byFile: OfferedKey[] = [];
    for (const identity of this.#identities) {
      const offer = await this.#offer(identity, held, ask);
      if (offer) byFile.push(offer);
    }
    const others = held.filter((key) => !byFile.some(({ publicKey }) => sameKey(publicKey, key)));
    return [...byFile, ...others.map((key) => this.#agentOffer(key, `agent key ${fingerprintOf(key.getPublicSSH())}`))];
  }

  async #offer(identity: Identity, held: readonly ParsedKey[], ask: Ask | null): Promise<OfferedKey | null> {
    const label = `key ${printable(identity.path, 200)}`;
    if (identity.state === 'faulty') {
      this.faults.set(identity.path, identity.reason);
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
    return { publicKey, label, sign };
  }

  #agentOffer(publicKey: ParsedKey, label: string): OfferedKey {
    return {
      publicKey,
      label,
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

/** Hands offered keys to ssh2 in the form that it knows: an agent. */
export class OfferedKeys extends ssh2.BaseAgent<ParsedKey> {
  readonly #offers: readonly OfferedKey[];
  /** Keys that the server said it would take, and that did sign. */
  readonly signed: string[] = [];

  constructor(offers: readonly OfferedKey[]) {
    super();
    this.#offers = offers;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(
      null,
      this.#offers.map(({ publicKey }) => publicKey),
    );
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const answer = typeof options === 'function' ? options : done;
    const asked = typeof options === 'function' ? {} : options;
    const offer = this.#offers.find(({ publicKey }) => sameKey(publicKey, key));
    if (!offer) {
      answer?.(new Error('a key that was not offered'));
      return;
    }
    // For an RSA key, ssh2 falls back to SHA-1 with a server that names no better algorithm.
    if (key.type === 'ssh-rsa' && asked.hash !== 'sha256' && asked.hash !== 'sha512') {
      answer?.(new Error('a signature by SHA-1'));
      return;
    }
    offer.sign(data, asked).then(
      (signature) => {
        this.signed.push(offer.label);
        answer?.(null, signature);
      },
      (error: unknown) => answer?.(error instanceof Error ? error : new Error(String(error))),
    );
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
