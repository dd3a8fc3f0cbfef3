import { fail, ProblemError } from '../core/problem.ts';
import { alwaysSet } from './openssh-args.ts';
import { pasteable } from './pasteable.ts';
import { printable } from './printable.ts';
import { lineBroke, type Place } from './ssh-problem.ts';

/** What ssh has said when it ended, and where it was bound for. */
export interface LastWords {
  readonly said: string;
  readonly place: Place;
  readonly user: string;
  /** Is the place a jump host, whose key is shown to nobody else? */
  readonly isHop?: boolean;
  /** The key that the machine showed, if it came to that. */
  readonly shown: { readonly fingerprint: string; readonly keyType: string } | null;
  /** The only key that would have been taken, and why: it was pinned, or shown by the line before. */
  readonly only: { readonly fingerprint: string; readonly by: 'pin' | 'connection' } | null;
}

type Judge = (words: LastWords, line: string) => ProblemError;

/**
 * ssh ends with 255 whatever was wrong and has no codes: these are the words, unchanged for many years in the C locale, by which
 * its failures are told apart. The first that is found counts.
 */
const PHRASES: readonly (readonly [RegExp, Judge])[] = [
  [/^KnownHostsCommand failed/m, otherKey],
  [/^.*is marked as revoked\.|REVOKED HOST KEY DETECTED/m, keyRevoked],
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, keyChanged],
  [/^Host key verification failed\./m, keyUnknown],
  [/^ssh: Could not resolve hostname .*/m, notFound],
  [/^.*no matching .* found.*/m, handshakeFailed],
  [/^Disconnecting .*strict KEX violation.*/m, handshakeFailed],
  [/^(?:ssh_dispatch_run_fatal|Unable to negotiate with|Bad server host key).*/m, handshakeFailed],
  [/^.*Permission denied \(.*\)\./m, authFailed],
  [/^.*Too many authentication failures.*/m, authFailed],
  [/^(?:channel \d+: open failed|stdio forwarding failed).*/m, leadsNowhere],
  // Said before anything is reached; what ssh only warns of (`Unsupported option`, `Deprecated option`) does not end it.
  [/^command-line:? line \d+: (?!Unsupported option|Deprecated option).*/m, badOption],
  [
    /^.* line \d+: (?!Unsupported option|Deprecated option).*(?=\r?\n.*: terminating, \d+ bad configuration options)/m,
    badFile,
  ],
  [/^(?:Bad owner or permissions on |Can't open user config file |jumphost loop via |Invalid -J argument).*/m, badFile],
];

/** The Problem behind the end of an ssh that has not come to be connected; `host-unreachable` for what it says in unknown words. Pure. */
export function opensshProblem(words: LastWords): ProblemError {
  for (const [phrase, judge] of PHRASES) {
    const found = phrase.exec(words.said);
    if (found) return judge(words, printable(found[0], 300));
  }
  return unreachable(words, lastLine(words.said));
}

/** What ssh says at level ERROR and goes on all the same. */
const IN_PASSING =
  /^(?:Load key|no such identity|sign_and_send_pubkey|get_agent_identities|Permission denied, please).*$/gm;
/** How an ssh ends whose way to its server has ended. */
const NO_MORE_WAY = /^(?:kex_exchange_identification|banner exchange|Connection (?:closed|reset) by).*$/gm;

/**
 * The Problem of the jump host at which the way ended, which it names; null where it led as far as the machine. `hops` are the nearest
 * first, each with what the ssh to it has said; `declined` is a person's no to a key. Pure.
 */
export function hopProblem(
  hops: readonly { readonly place: Place; readonly user: string; readonly said: string }[],
  declined: boolean,
): ProblemError | null {
  const spoken = hops.map((hop) => ({ ...hop, said: hop.said.replaceAll(IN_PASSING, '').trim() }));
  // Those behind the one that failed have lost their way, and have no more to say.
  const failed =
    spoken.find(({ said }) => said.replaceAll(NO_MORE_WAY, '').trim() !== '') ?? spoken.find(({ said }) => said !== '');
  if (!failed) return null;
  const { place } = failed;
  const isDeclined = declined && /^Host key verification failed\./m.test(failed.said);
  const cause = isDeclined
    ? keyDeclined({ place, shown: null })
    : opensshProblem({ ...failed, shown: null, only: null, isHop: true });
  const at = `On the way, at the jump host ${printable(place.host, 200)}:${place.port}: `;
  return new ProblemError({ ...cause.problem, message: `${at}${cause.problem.message}` }, { cause });
}

/** The Problem of a line that stood, from what ssh said as it ended. Pure. */
export function opensshBroke(said: string, place: Place): ProblemError {
  const line = lastLine(said);
  return lineBroke(line === '' ? 'ssh ended' : line, place);
}

/** A person said no to the key. Pure. */
export function keyDeclined({ place, shown }: Pick<LastWords, 'place' | 'shown'>): ProblemError {
  return fail('declined', {
    message: `The key of ${place.host} was not accepted; nothing was sent to it.`,
    hint: `Run again, and answer yes, when the old machine itself shows ${shown?.fingerprint ?? 'the same key'}.`,
  });
}

/** ssh could not be started at all. Pure. */
export function noSsh(ssh: string): ProblemError {
  return fail('command-not-found', {
    message: `${printable(ssh, 200)} could not be started on this machine.`,
    hint: 'Install the OpenSSH client, or see whether it is installed and executable: command -v ssh',
  });
}

/** The machine shows another key than the only one that is taken. Pure. */
export function otherKey({ place, shown, only }: Pick<LastWords, 'place' | 'shown' | 'only'>): ProblemError {
  const [now, before] = [
    printable(shown?.fingerprint ?? 'unknown', 100),
    printable(only?.fingerprint ?? 'unknown', 100),
  ];
  if (only?.by === 'connection') {
    return fail('machine-changed', {
      message: `After the line broke, ${place.host} shows the key ${now}; before it was ${before}.`,
      hint: 'Find out which machine answers at that address now (DNS, DHCP, a cloned image), then go on with neo-pull resume.',
    });
  }
  return fail('host-key-changed', {
    message: `${place.host} shows the key ${now}; the pin asks for ${before}.`,
    hint: 'Pin the fingerprint that ssh-keygen -lf prints on the old machine. If that is another than shown here, someone is in between.',
  });
}

function keyRevoked({ place, shown }: LastWords): ProblemError {
  return fail('host-key-revoked', {
    message: `The key ${shown ? `${shown.fingerprint} ` : ''}of ${place.host} is marked as revoked on this machine.`,
    hint: 'Whoever marked it knows why. The machine needs a new host key before anybody should connect to it.',
  });
}

function keyChanged({ said, place, shown }: LastWords): ProblemError {
  const which = shown === null ? 'another key' : `the key ${shown.fingerprint}`;
  const where = /^Offending .* key in (.*):(\d+)\s*$/m.exec(said);
  const known = where
    ? `line ${where[2] ?? ''} of ${printable(where[1] ?? '', 200)} knows another`
    : 'another is known';
  return fail('host-key-changed', {
    message: `${place.host} shows ${which}, but ${known}.`,
    hint: `Find out why before you go on. If the machine was set up anew, take that line out${shown === null ? '.' : `, or once --host-key ${shown.fingerprint}`}`,
  });
}

/** The machine itself shows its key to our program before it is judged: where nothing was shown, it is one on the way. */
function keyUnknown({ place, shown, isHop }: LastWords): ProblemError {
  if (isHop === true) {
    return fail('host-key-unknown', {
      message: 'Its key is not known here. Nothing was sent to it.',
      hint: `Log in to it once by hand, compare its key and accept it: ssh -p ${place.port} ${place.host} true`,
    });
  }
  if (!shown) {
    return fail('host-key-unknown', {
      message: `The key of a jump host on the way to ${place.host} is not known here. Nothing was sent to either.`,
      hint: 'Log in to the jump host once by hand, compare its key and accept it: ssh JUMPHOST true',
    });
  }
  const { fingerprint, keyType } = shown;
  return fail('host-key-unknown', {
    message: `The key of ${place.host} is not known here: ${printable(fingerprint, 100)}`,
    hint: `When ssh-keygen -lf prints the same on the old machine, run again with --host-key ${printable(fingerprint, 100)}`,
    detail: { fingerprint, keyType },
  });
}

function notFound({ place }: LastWords, line: string): ProblemError {
  return fail('host-not-found', {
    message: `The name ${place.host} does not resolve (${line}).`,
    hint: `Check its spelling: getent hosts ${pasteable(place.host)}`,
  });
}

function handshakeFailed({ place }: LastWords, line: string): ProblemError {
  return fail('handshake-failed', {
    message: `${place.host}:${place.port} and this machine have no safe way to talk: ${line}`,
    hint: 'Update the SSH server of the old machine: SHA-1, MD5, CBC and compression are not used.',
  });
}

/** Said by the ssh to a jump host alone. */
function leadsNowhere(_words: LastWords, line: string): ProblemError {
  return fail('host-unreachable', {
    message: `It does not lead on to what lies behind it (${line}).`,
    hint: 'See there whether the next machine answers, and whether sshd_config lets it be reached (AllowTcpForwarding, PermitOpen).',
  });
}

function authFailed({ place, user }: LastWords, line: string): ProblemError {
  return fail('auth-failed', {
    message: `The old machine did not let ${user}@${place.host} in. ssh says: ${line}`,
    hint: `Check the user name and what it takes: ssh -v -p ${place.port} ${pasteable(`${user}@${place.host}`)}`,
  });
}

/** Of what stands on the command line, most is ours, and not every OpenSSH knows it. */
function badOption({ place }: LastWords, line: string): ProblemError {
  const [, keyword = ''] = /Bad configuration option: (\S+)/.exec(line) ?? [];
  const isOurs = alwaysSet().has(keyword.toLowerCase());
  return fail('option-invalid', {
    message: `ssh cannot use an option for ${place.host}: ${line}`,
    hint: isOurs
      ? 'This ssh is too old: update the OpenSSH client of this machine to 8.7 or newer (ssh -V), or leave out --transport openssh.'
      : `Take it out of what -o gives, or mend it; where it is none of yours, update the OpenSSH client of this machine (ssh -V).`,
  });
}

function badFile({ place }: LastWords, line: string): ProblemError {
  return fail('option-invalid', {
    message: `ssh cannot use its configuration for ${place.host}: ${line}`,
    hint: `Mend the file (chmod go-w where its permissions are bad) until this prints settings: ssh -G ${pasteable(place.host)}`,
  });
}

function unreachable({ place }: LastWords, line: string): ProblemError {
  return fail('host-unreachable', {
    message: `${place.host}:${place.port} could not be reached${line === '' ? '.' : ` (${line}).`}`,
    hint: `See whether the machine is on and its SSH server listens on port ${place.port}: ssh -v -p ${place.port} ${pasteable(place.host)}`,
  });
}

function lastLine(said: string): string {
  return printable(
    said
      .trimEnd()
      .split(/[\r\n]+/)
      .at(-1) ?? '',
    300,
  );
}
