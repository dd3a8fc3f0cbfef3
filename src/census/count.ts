import { dirname, join } from 'node:path';
import { inDatabases, type UnreadLine } from './databases.ts';
import { asList, asMembers, filesBelow, foldersIn, listed, membersOf, namedIn } from './files.ts';
import type { CensusPlace, CensusRequest } from './request.ts';
import { allowList, approvalsIn, jobName, loginsIn, type Item } from './tables.ts';

/** A transcript in use; what was archived has a longer name (`*.jsonl.deleted.*`), and one that became so is a loss. */
const TRANSCRIPT = /^[^/]+\.jsonl$/;
const ALLOW_LIST = /^(.+?)(?:-default)?-allowFrom\.json$/;
/** Channel accounts by the names of the files that hold their state. */
const ACCOUNT_FILES: readonly { readonly folder: string; readonly name: RegExp; readonly channel: string }[] = [
  { folder: 'telegram', name: /^update-offset-(.+)\.json$/, channel: 'telegram' },
];

/**
 * Names everything that a gateway owns, from its files and databases alone: no product is asked, nothing is written but below `scratch`.
 * A file that does not parse holds nothing, on either machine; a database that cannot be read is named.
 */
export function* itemsOf(request: CensusRequest): Generator<Item | UnreadLine> {
  const { state, apart, workspaces } = request;
  yield* namedIn(join(state, 'agents')).map((name): Item => ['agent', name]);
  for (const agent of foldersIn(join(state, 'agents'))) {
    yield* sessionsIn(join(state, 'agents', agent, 'sessions'), agent);
    yield* profilesIn(join(state, 'agents', agent, 'agent'), agent);
  }
  for (const { id, path } of apart) {
    yield* sessionsIn(path, id);
    yield* profilesIn(path, id);
  }
  yield* storesIn(request);
  yield* inDatabases(request);
  yield* credentialsIn(state);
  yield* channelsIn(state);
  yield* devicesIn(state);
  yield* jobsIn(state);
  yield* approvalsIn(membersOf(join(state, 'exec-approvals.json')));
  yield* namedIn(join(state, 'skills')).map((name): Item => ['skill', name]);
  yield* namedIn(join(state, 'extensions')).map((name): Item => ['extension', name]);
  yield* listed(join(state, 'hooks')).map(({ name }): Item => ['hook', name]);
  yield* filesIn(join(state, 'delivery-queue'), /\.json$/).map((name): Item => ['queued', name]);
  yield* filesIn(join(state, 'memory'), /\.sqlite$/).map((name): Item => ['memory', `memory/${name}`]);
  for (const workspace of workspaces) yield* inWorkspace(workspace);
}

function* sessionsIn(folder: string, owner: string): Generator<Item> {
  for (const key of Object.keys(membersOf(join(folder, 'sessions.json')))) yield ['session', `${owner}: ${key}`];
  for (const name of filesIn(folder, TRANSCRIPT)) yield ['transcript', `${owner}/${name}`];
}

/** Indexes of sessions where the config puts them. Their transcripts lie beside them, and may be counted already. */
function* storesIn({ state, apart, stores = [] }: CensusRequest): Generator<Item> {
  const own = foldersIn(join(state, 'agents')).map((agent) => join(state, 'agents', agent, 'sessions'));
  const done = new Set([...own, ...apart.map(({ path }) => path)]);
  for (const { id, path } of stores) {
    for (const key of Object.keys(membersOf(path))) yield ['session', `${id}: ${key}`];
    const folder = dirname(path);
    if (done.has(folder)) continue;
    done.add(folder);
    for (const name of filesIn(folder, TRANSCRIPT)) yield ['transcript', `${dirname(id)}/${name}`];
  }
}

function* profilesIn(folder: string, owner: string): Generator<Item> {
  for (const file of ['auth-profiles.json', 'auth.json']) yield* loginsIn(membersOf(join(folder, file)), owner, file);
}

/**
 * Keys of WhatsApp come and go with every message; its account is what counts. Codes that wait for a pairing are gone in an hour. A list of
 * who may write has two names, with and without its account.
 */
function* credentialsIn(state: string): Generator<Item> {
  const folder = join(state, 'credentials');
  for (const name of filesIn(folder, /^(?!.*(?:\.lock|-pairing\.json)$)/)) {
    const list = ALLOW_LIST.exec(name)?.[1];
    if (list === undefined) yield ['credential', `credentials/${name}`];
    else if (asList(membersOf(join(folder, name))['allowFrom']).length > 0) yield allowList(list);
  }
  for (const channel of foldersIn(folder)) {
    for (const account of namedIn(join(folder, channel))) yield ['credential', `credentials/${channel}/${account}`];
  }
  for (const name of ['.env', 'secrets.json']) {
    if (listed(state).some((entry) => entry.name === name)) yield ['credential', name];
  }
}

function* channelsIn(state: string): Generator<Item> {
  for (const { folder, name, channel } of ACCOUNT_FILES) {
    for (const file of filesIn(join(state, folder), name))
      yield ['channel', `${channel}: ${name.exec(file)?.[1] ?? ''}`];
  }
  for (const account of foldersIn(join(state, 'credentials/whatsapp'))) {
    const isLinked = listed(join(state, 'credentials/whatsapp', account)).some(({ name }) => name === 'creds.json');
    if (isLinked) yield ['channel', `whatsapp: ${account}`];
  }
}

function* devicesIn(state: string): Generator<Item> {
  for (const folder of ['devices', 'nodes']) {
    for (const id of Object.keys(membersOf(join(state, folder, 'paired.json')))) yield ['device', `${folder}: ${id}`];
  }
  if (listed(join(state, 'identity')).some(({ name }) => name === 'device.json')) yield ['device', 'this machine'];
}

function* jobsIn(state: string): Generator<Item> {
  for (const [at, job] of asList(membersOf(join(state, 'cron/jobs.json'))['jobs']).entries()) {
    const { id, name } = asMembers(job);
    yield ['cron-job', jobName(textOr(id, `number ${at + 1}`), name)];
  }
}

function* inWorkspace({ id, path }: CensusPlace): Generator<Item> {
  for (const { name } of listed(path)) if (/^memory\.md$/i.test(name)) yield ['memory', `${id}/${name}`];
  for (const name of filesBelow(join(path, 'memory'), ['.md'])) yield ['memory', `${id}/memory/${name}`];
  for (const name of namedIn(join(path, 'skills'))) yield ['skill', `${id}/${name}`];
  for (const name of namedIn(join(path, 'hooks'))) yield ['hook', `${id}/${name}`];
}

function filesIn(folder: string, name: RegExp): string[] {
  return listed(folder)
    .filter((entry) => !entry.isDirectory() && name.test(entry.name))
    .map((entry) => entry.name);
}

function textOr(value: unknown, other: string): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : other;
}
