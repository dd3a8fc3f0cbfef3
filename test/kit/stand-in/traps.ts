/** What can be made wrong with the stand-in gateway. */
export const TRAPS = {
  'stop-lies': '`gateway stop` says ok and not-loaded, and the gateway runs on',
  'stop-hangs': '`gateway stop` never comes back',
  'stop-refuses': '`gateway stop` refuses without a terminal, as newer releases do',
  'ignore-term': 'the gateway does not heed SIGTERM',
  'slow-stop': 'milliseconds that the gateway goes on serving after SIGTERM, before it ends',
  'start-does-nothing': '`gateway start` says started, and nothing was started',
  'start-crashes': 'the gateway ends with 1 soon after it was started',
  'start-never-ready': 'the gateway runs and never listens',
  'slow-start': 'milliseconds until the gateway listens; SIGTERM is not heeded before',
  'turn-runs': 'an agent is in the middle of a turn, and holds the lock of its session',
  'child-survives': 'a tool of the gateway goes on writing into the state dir after the stop',
  'notices-before-json': 'boxed notices on stdout before every JSON answer',
  'doctor-renames-transcripts': 'doctor takes every transcript for an orphan, asked or not',
  'doctor-restless': 'doctor writes something anew each time',
  'doctor-cuts-transcript': 'doctor takes the last line of a transcript away',
  'doctor-fails': 'doctor ends with 1',
  'doctor-hangs': 'doctor never comes back',
  'health-lies': '`health` says well of a gateway that is down, and not well of one that is up',
  'sends-when-quiet': 'waiting messages go out although the channels are off, as releases of the product do',
  'sessions-lost': 'the gateway lists no sessions and one agent',
  'channels-do-not-connect': 'channels run, and do not get connected',
  'channels-complain': 'the gateway logs that logins were refused, replaced, polled elsewhere and want a QR code',
  'crashes-later': 'the gateway ends with 1 half a second after its channels connect',
  'install-elsewhere': '`gateway install` writes a unit with another state dir than it was told',
  'install-fails': '`gateway install` ends with 1',
} as const;

export type TrapName = keyof typeof TRAPS;

/** Which traps are set; `slow-start` and `slow-stop` have milliseconds as their value, every other one `true`. */
export type Traps = Partial<Record<TrapName, true | number>>;
