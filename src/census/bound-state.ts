import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { BoundFacts } from './bound-answer.ts';
import { asList, asMembers, filesBelow, foldersIn, listed, membersOf, type Members } from './files.ts';
import { readOf } from './natives.ts';

const MOST = 5000;
const COOKIES_BYTES = 64 * 1024 * 1024;

/** Every client and node that was paired, but the machine itself. Names, never a token. */
export function devicesIn(state: string): BoundFacts['devices'] {
  const own = membersOf(join(state, 'identity/device.json'))['deviceId'];
  const paired = (['devices', 'nodes'] as const).flatMap((list) =>
    Object.entries(membersOf(join(state, list, 'paired.json'))).map(([id, value]) => ({
      list,
      id,
      of: asMembers(value),
    })),
  );
  return paired
    .filter(({ id }) => id !== own)
    .slice(0, MOST)
    .map(({ list, id, of }) => ({
      list,
      id,
      name: word(of, 'displayName') || word(of, 'clientId') || id,
      platform: word(of, 'platform'),
      client: [word(of, 'clientId'), word(of, 'clientMode'), word(of, 'deviceFamily')].filter(Boolean).join(' '),
      isNode: list === 'nodes' || word(of, 'role') === 'node' || asList(of['roles']).includes('node'),
    }));
}

/**
 * Browser profiles. Chromium marks each cookie with how it is encrypted: `v11` by a key in the keyring, `v10` by one that every Linux
 * has (a Mac marks with `v10` and has its key in the Keychain always).
 */
export function browsersIn(state: string): BoundFacts['browsers'] {
  return foldersIn(join(state, 'browser')).flatMap((profile) => {
    const data = join(state, 'browser', profile, 'user-data');
    if (!listed(join(state, 'browser', profile)).some(({ name }) => name === 'user-data')) return [];
    const jars = foldersIn(data).flatMap((one) => ['Cookies', 'Network/Cookies'].map((name) => join(data, one, name)));
    const found = jars.map((jar) => readOf(jar, COOKIES_BYTES)).filter(({ length }) => length > 0);
    const marks = (mark: string): number => found.reduce((sum, bytes) => sum + timesIn(bytes, mark), 0);
    return [{ profile, hasLogins: found.length > 0, isByKeyring: marks('v11') > marks('v10') }];
  });
}

/** Databases where the product keeps its own. What they hold is not looked into: they are open there. */
export function databasesIn(state: string): BoundFacts['databases'] {
  return ['state', 'agents'].flatMap((folder) =>
    filesBelow(join(state, folder), ['.sqlite', '.sqlite3', '.db'])
      .slice(0, MOST)
      .map((file) => `${folder}/${file}`),
  );
}

/** Containers that the list of sandboxes names; the list itself is not copied. */
export function containersIn(state: string): BoundFacts['containers'] {
  return ['containers.json', 'browsers.json'].flatMap((file) => {
    const entries = asList(membersOf(join(state, 'sandbox', file))['entries'])
      .slice(0, MOST)
      .map(asMembers);
    return entries.flatMap((entry) => {
      const name = word(entry, 'containerName');
      return name === '' ? [] : [{ name, image: word(entry, 'image') }];
    });
  });
}

/** The name under which the machine itself is a node of some gateway; null where it is none. */
export function nodeHostIn(state: string): string | null {
  const node = membersOf(join(state, 'node.json'));
  return Object.keys(node).length === 0 ? null : word(node, 'displayName') || word(node, 'nodeId') || 'node';
}

/** Enabled jobs that are due by the clock on the wall, without a time zone of their own. */
export function jobsIn(state: string): BoundFacts['jobs'] {
  const jobs = asList(membersOf(join(state, 'cron/jobs.json'))['jobs']).map(asMembers);
  return jobs.slice(0, MOST).flatMap((job) => {
    const schedule = asMembers(job['schedule']);
    const isByWall = word(schedule, 'kind') === 'cron' && word(schedule, 'tz') === '';
    const id = word(job, 'id');
    return isByWall && id !== '' && job['enabled'] !== false ? [{ id, name: word(job, 'name') }] : [];
  });
}

/** For which names the certificates of the gateway are. */
export function certificatesIn(state: string, others: readonly string[]): BoundFacts['certificates'] {
  const folder = join(state, 'gateway/tls');
  const own = listed(folder).flatMap(({ name }) => (/\.(?:pem|crt|cer)$/.test(name) ? [join(folder, name)] : []));
  return [...new Set([...own, ...others])].flatMap((path) => {
    const names = namesOn(path);
    return names.length === 0 ? [] : [{ path, names }];
  });
}

/** A key is no certificate, and no certificate has no names. */
function namesOn(path: string): string[] {
  try {
    const { subject, subjectAltName = '' } = new X509Certificate(readFileSync(path));
    const common = /(?:^|\n)CN=(.+)/.exec(subject)?.[1];
    const others = [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)].map(([, name = '']) => name);
    return [...new Set([...(common === undefined ? [] : [common]), ...others])];
  } catch {
    return [];
  }
}

function timesIn(bytes: Buffer, mark: string): number {
  let count = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) count += 1;
  return count;
}

function word(members: Members, name: string): string {
  const value = members[name];
  return typeof value === 'string' ? value : '';
}
