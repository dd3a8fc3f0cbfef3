import { access, readFile } from 'node:fs/promises';
import type { Host } from '../core/host.ts';
import { ProblemError } from '../core/problem.ts';
import { type HostKeySources, isKnownByAuthority } from './host-key.ts';
import { printable } from './printable.ts';
import { run } from './run.ts';
import type { AlgorithmLists } from './ssh-algorithm-lists.ts';
import { SAFE } from './ssh-algorithms.ts';
import type { SshSettings } from './ssh-config.ts';
import { keyTypeIn } from './ssh-identity.ts';

/** What ssh2 answers with, when only another program could do better. */
const BEYOND_US = new Set(['gssapi-with-mic', 'gssapi-keyex', 'hostbased']);

/**
 * Why only OpenSSH can reach a machine as `ssh` would; null where nothing is seen that speaks against ssh2. Read-only. Words for people,
 * to follow "OpenSSH is used, for". Rejects with the signal's reason when that aborts.
 */
export async function reasonForOpenSsh(
  settings: SshSettings,
  sources: HostKeySources & { readonly signal?: AbortSignal },
  here: Host,
): Promise<string | null> {
  const set = (name: string): boolean => {
    const value = settings.all.get(name)?.[0]?.toLowerCase() ?? '';
    return !['', 'none', 'no', 'false'].includes(value);
  };
  if (settings.all.has('certificatefile')) return 'a certificate is configured (CertificateFile)';
  if (set('pkcs11provider')) return 'keys are on a token (PKCS11Provider)';
  if (set('knownhostscommand')) return 'host keys come from a program (KnownHostsCommand)';
  if (set('revokedhostkeys')) return 'revoked host keys are listed (RevokedHostKeys)';
  if (set('bindaddress') || set('bindinterface')) return 'the line has to begin at one address (BindAddress)';
  if (set('preferredauthentications')) return 'the methods of logging in are ordered (PreferredAuthentications)';
  for (const method of ['pubkeyauthentication', 'passwordauthentication', 'kbdinteractiveauthentication'])
    if (settings.all.has(method) && !set(method)) return `a method of logging in is switched off (${method})`;
  if (set('proxyusefdpass')) return 'the ProxyCommand hands over its line (ProxyUseFdpass)';
  if (await isKnownByAuthority(sources)) return 'the machine is known by its host certificate (@cert-authority)';
  for (const path of settings.identities) {
    if (await exists(`${path}-cert.pub`)) return `the key ${path} has a certificate`;
    if (await isOnDevice(path)) return `the key ${path} is on a security device`;
  }
  return settings.agent === null ? null : agentHasMore(settings.agent, here, sources.signal);
}

/** The reason where a list of the configuration names nothing that ssh2 has, in the same words; null where there is none. Pure. */
export function reasonByAlgorithms(lists: AlgorithmLists): string | null {
  for (const kind of ['kex', 'ciphers', 'macs', 'hostKeys', 'signatures'] as const) {
    const { keyword, names } = lists[kind] ?? {};
    const has: readonly string[] = SAFE[kind];
    if (names?.some((name) => has.includes(name)) === false)
      return `ssh2 has none of the algorithms that are configured (${keyword ?? ''} ${printable(names.join(','), 100)})`;
  }
  return null;
}

/** ssh2 passes over what an agent holds beside plain keys. */
async function agentHasMore(agent: string, here: Host, signal: AbortSignal | undefined): Promise<string | null> {
  const env = { SSH_AUTH_SOCK: agent, LC_ALL: 'C' };
  const listed = await run(here, ['ssh-add', '-L'], { env, ...(signal && { signal }) }).catch(() => null);
  signal?.throwIfAborted();
  const types = (listed?.stdout.toString() ?? '').split('\n').map((line) => line.split(' ')[0] ?? '');
  if (types.some((type) => /-cert-v\d+@/.test(type))) return 'the ssh-agent holds a certificate';
  return types.some((type) => type.startsWith('sk-')) ? 'the ssh-agent holds a key on a security device' : null;
}

/** Why OpenSSH may come through where ssh2 did not; null where it would fare no better. Pure. */
export function reasonAfterFailure(error: unknown): string | null {
  if (!(error instanceof ProblemError)) return null;
  const { code, detail } = error.problem;
  if (code === 'handshake-failed') return 'the machine wants algorithms that ssh2 does not have';
  if (code !== 'auth-failed' && code !== 'identity-unusable') return null;
  const { accepts = [], foreign = false } = (detail ?? {}) as { accepts?: readonly string[]; foreign?: boolean };
  if (foreign) return 'a key file is in a form that only OpenSSH reads';
  const method = accepts.find((one) => BEYOND_US.has(one));
  return method === undefined ? null : `the machine takes ${method}`;
}

/** Did the machine take a password, and want more? Pure. */
export function tookPassword(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  const { taken = [] } = (error.problem.detail ?? {}) as { taken?: readonly string[] };
  return taken.some((one) => one.startsWith('password'));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** FIDO keys say so in their public half, which lies beside the private file and unencrypted in it. */
async function isOnDevice(path: string): Promise<boolean> {
  const file = await readFile(path).catch(() => null);
  if (file === null) return false;
  const text = await readFile(`${path.replace(/\.pub$/, '')}.pub`, 'latin1').catch(() => '');
  return [keyTypeIn(file) ?? '', text].some((type) => /^sk-(?:ssh|ecdsa)-/.test(type));
}
