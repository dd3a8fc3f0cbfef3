import type { Kind } from '../core/census.ts';
import { asList, asMembers, type Members } from './files.ts';

export type Item = readonly [kind: Kind, name: string];

/** A table in which releases that keep their state in databases have what others have in files, under the names that it has there. */
export interface CountedTable {
  readonly database: 'state' | 'agent';
  readonly table: string;
  /** What a release has not all of is not counted by this. */
  readonly columns: readonly string[];
  /** SQL; `true` for all rows. */
  readonly where: string;
  /** `owner` is whose database it is; `row` has the columns, as text. */
  items(row: readonly string[], owner: string): readonly Item[];
}

/**
 * Every table that is counted. Where both are there, files and tables are one: what a doctor has brought from the one into the other is
 * counted once, and lost only when it is in neither.
 */
export const COUNTED_TABLES: readonly CountedTable[] = [
  counted('agent', 'session_nodes', ['session_key'], ([key = ''], owner) => [['session', `${owner}: ${key}`]]),
  counted('agent', 'session_entries', ['session_key'], ([key = ''], owner) => [['session', `${owner}: ${key}`]]),
  counted('agent', 'transcript_events', ['session_id'], ([id = ''], owner) => [['transcript', `${owner}/${id}.jsonl`]]),
  counted('agent', 'auth_profile_store', ['store_json'], ([text = ''], owner) => loginsIn(parsed(text), owner)),
  counted('agent', 'memory_index_state', ['revision'], (_, owner) => [['memory', `memory/${owner}.sqlite`]]),
  counted('state', 'agents', ['agent_id'], ([id = '']) => [['agent', id]]),
  counted('state', 'auth_profile_stores', ['store_key', 'store_json'], ([key = '', text = '']) =>
    loginsIn(parsed(text), key),
  ),
  // Where later releases have what they keep but once; of its rows only one is a list of logins.
  counted('state', 'config_machine_state', ['value_json'], ([text = '']) => {
    const value = parsed(text);
    return 'profiles' in value ? loginsIn(value, 'shared') : [];
  }),
  counted('state', 'cron_jobs', ['job_id', 'job_json'], ([id = '', text = '']) => [
    ['cron-job', jobName(id, parsed(text)['name'])],
  ]),
  counted('state', 'device_pairing_paired', ['device_id'], ([id = '']) => [['device', `devices: ${id}`]]),
  counted('state', 'device_identities', ['identity_key'], () => [['device', 'this machine']]),
  counted('state', 'exec_approvals_config', ['raw_json'], ([text = '']) => approvalsIn(parsed(text))),
  counted('state', 'channel_pairing_allow_entries', ['channel_key', 'account_id'], ([channel = '', account = '']) => [
    allowList(account === 'default' ? channel : `${channel}-${account}`),
  ]),
  {
    ...counted('state', 'plugin_state_entries', ['namespace', 'entry_key'], ([, account = '']) => [
      ['channel', `telegram: ${account}`],
    ]),
    where: `namespace = 'telegram.update-offsets'`,
  },
  {
    ...counted('state', 'delivery_queue_entries', ['id', 'status'], ([id = '']) => [['queued', `${id}.json`]]),
    where: `status <> 'failed'`,
  },
];

/** A job by its id, and by what people call it. Pure. */
export function jobName(id: string, name: unknown): string {
  return `${id}${typeof name === 'string' ? ` (${name})` : ''}`;
}

/** Keys and logins of models, by the name of their profile. Releases differ in whether `profiles` stands around them. Pure. */
export function loginsIn(store: Members, owner: string, file = 'auth-profiles.json'): Item[] {
  const profiles = 'profiles' in store ? asMembers(store['profiles']) : store;
  return Object.keys(profiles).map((name): Item => ['credential', `${owner}: ${file}: ${name}`]);
}

/** By number: what a pattern says may be rewritten. Pure. */
export function approvalsIn(approvals: Members): Item[] {
  return Object.entries(asMembers(approvals['agents'])).flatMap(([agent, rules]) =>
    asList(asMembers(rules)['allowlist']).map((_, at): Item => ['approval', `${agent}: number ${at + 1}`]),
  );
}

/** Who may write to a channel account. Pure. */
export function allowList(account: string): Item {
  return ['credential', `allow list of ${account}`];
}

function counted(
  database: CountedTable['database'],
  table: string,
  columns: readonly string[],
  items: CountedTable['items'],
): CountedTable {
  return { database, table, columns, where: 'true', items };
}

function parsed(text: string): Members {
  try {
    return asMembers(JSON.parse(text));
  } catch {
    return {};
  }
}
