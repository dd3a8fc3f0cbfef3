import { EXIT, type ExitCode } from './exit.ts';
import type { Json } from './json.ts';

/**
 * Everything that can be wrong, in one table. `exit` is the exit code when this Problem ends the run with nothing to unwind,
 * `stops` whether it ends it at all, `why` the sentence that the documentation and the terminal give as the reason.
 */
export const PROBLEMS = {
  // several profiles
  'ports-collide': { exit: EXIT.preflight, stops: true, why: 'Two gateways cannot listen on one port.' },
  'profiles-share': {
    exit: EXIT.preflight,
    stops: true,
    why: 'A directory of several gateways can only go with all of them, or some would lose what others write there.',
  },
  'profile-idle': {
    exit: EXIT.preflight,
    stops: false,
    why: 'A gateway that is not used any more has part of what moves in its config.',
  },
  'approvals-shared': {
    exit: EXIT.preflight,
    stops: false,
    why: 'All gateways of an account have one list of exec approvals, and not all of them move.',
  },
  'profile-not-begun': { exit: EXIT.preflight, stops: true, why: 'What was to be moved before it was not.' },
  'profile-put-back': {
    exit: EXIT.cutover,
    stops: true,
    why: 'Profiles that share a directory move all together or not at all.',
  },
  // usage
  usage: { exit: EXIT.usage, stops: true, why: 'The command line could not be understood.' },
  'target-malformed': {
    exit: EXIT.usage,
    stops: true,
    why: 'The target is not of the form user@host, host or ssh://user@host:port.',
  },
  'option-invalid': { exit: EXIT.usage, stops: true, why: 'An option has a value that cannot be used.' },
  'settings-unsafe': {
    exit: EXIT.usage,
    stops: true,
    why: 'The settings file is not your own, or others can write it.',
  },
  'settings-invalid': {
    exit: EXIT.usage,
    stops: true,
    why: 'The settings file holds something that means nothing here.',
  },
  'run-unknown': { exit: EXIT.usage, stops: true, why: 'There is no such run on this machine.' },
  'run-not-ready': {
    exit: EXIT.usage,
    stops: true,
    why: 'The run is not in a state in which this command means anything.',
  },
  'daemon-not-running': {
    exit: EXIT.usage,
    stops: true,
    why: 'No neo-pull follows the old machine for this run, so there is nobody to take the order.',
  },
  'order-unknown': {
    exit: EXIT.usage,
    stops: true,
    why: 'The neo-pull that follows is of another version, or was sent something that is no order.',
  },
  'control-unsafe': {
    exit: EXIT.usage,
    stops: true,
    why: 'What others can exchange may be somebody else listening, so nothing is said there.',
  },
  'journal-newer': {
    exit: EXIT.usage,
    stops: true,
    why: 'The journal was written by a newer neo-pull, whose words this one does not know.',
  },
  'journal-damaged': { exit: EXIT.usage, stops: true, why: 'The journal cannot be read as one whole history.' },
  // connect
  'host-not-found': {
    exit: EXIT.connect,
    stops: true,
    why: 'The name of the old machine does not resolve to an address.',
  },
  'host-unreachable': { exit: EXIT.connect, stops: true, why: 'No SSH server answered at that address.' },
  'auth-failed': { exit: EXIT.connect, stops: true, why: 'The old machine accepted none of the credentials offered.' },
  'identity-unusable': {
    exit: EXIT.connect,
    stops: true,
    why: 'A key file cannot be read, or its passphrase is missing or wrong.',
  },
  'handshake-failed': { exit: EXIT.connect, stops: true, why: 'The two machines have no safe way to talk in common.' },
  'transport-unfit': {
    exit: EXIT.connect,
    stops: true,
    why: 'The transport that was asked for cannot do what the SSH configuration wants.',
  },
  'sessions-refused': {
    exit: EXIT.connect,
    stops: true,
    why: 'The SSH server lets too few commands run side by side.',
  },
  'signal-undelivered': {
    exit: EXIT.connect,
    stops: true,
    why: 'A command on the old machine was to be ended and may still run.',
  },
  'login-shell-unusable': {
    exit: EXIT.connect,
    stops: true,
    why: 'The login shell of the account does not start commands.',
  },
  'account-read-only': {
    exit: EXIT.connect,
    stops: true,
    why: 'The account on the old machine is limited to what a plan and a copy need.',
  },
  'connection-lost': { exit: EXIT.transfer, stops: true, why: 'The SSH connection ended while it was in use.' },
  'host-key-unknown': {
    exit: EXIT.hostKey,
    stops: true,
    why: 'The key of the old machine is not known here, and there was no one to ask.',
  },
  'host-key-changed': {
    exit: EXIT.hostKey,
    stops: true,
    why: 'The key of the old machine is not the one that is known: someone may be in between.',
  },
  'host-key-revoked': { exit: EXIT.hostKey, stops: true, why: 'The key of the old machine is marked as revoked.' },
  'machine-changed': {
    exit: EXIT.hostKey,
    stops: true,
    why: 'A different machine answers at the address of the old one.',
  },
  // discovery
  'remote-mode': {
    exit: EXIT.discovery,
    stops: true,
    why: 'The gateway there is only a client of another one, where the state is.',
  },
  'product-ambiguous': {
    exit: EXIT.discovery,
    stops: true,
    why: 'There are gateways of several products, and none was named.',
  },
  'profile-ambiguous': { exit: EXIT.discovery, stops: true, why: 'There are several gateways, and none was named.' },
  'profile-missing': {
    exit: EXIT.discovery,
    stops: true,
    why: 'There is no gateway with that profile on the old machine.',
  },
  'state-dir-missing': { exit: EXIT.discovery, stops: true, why: 'No state dir was found on the old machine.' },
  'discovery-conflict': {
    exit: EXIT.discovery,
    stops: true,
    why: 'Two sources on the old machine name different places.',
  },
  'survey-failed': { exit: EXIT.discovery, stops: true, why: 'A machine could not be surveyed.' },
  // pre-flight
  'product-missing-old': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The gateway program was not found on the old machine.',
  },
  'product-other': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Another product on the old machine has a gateway too, which stays.',
  },
  'product-missing-new': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The gateway program was not found on this machine.',
  },
  'product-older-new': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The state was written by a newer product than the one installed here.',
  },
  'product-version-unknown': { exit: EXIT.preflight, stops: false, why: 'The product did not tell its version.' },
  'node-missing-old': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The Node that runs the gateway was not found on the old machine.',
  },
  'rsync-missing-old': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The copy is made by rsync, which is not on the old machine.',
  },
  'rsync-missing-new': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The copy is made by rsync, which is not on this machine.',
  },
  'rsync-unsafe': {
    exit: EXIT.preflight,
    stops: true,
    why: 'This rsync has known holes that a hostile old machine can use against this one.',
  },
  'rsync-dated': {
    exit: EXIT.preflight,
    stops: false,
    why: 'A newer rsync has further repairs for a receiving machine.',
  },
  'rsync-not-gnu': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The openrsync of this machine can send, but must not receive: it has no protection from a hostile sender.',
  },
  'rsync-too-old': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The rsync of the old machine speaks a protocol that is too old for whole trees.',
  },
  'sqlite-missing-new': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Paths in a database could not be rewritten on this machine, and the gateway would follow the old ones.',
  },
  'names-collide': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Names that the old machine tells apart would be one name on this one, and one file would overwrite the other.',
  },
  'place-unfit': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The file system on this machine cannot hold what is to come there.',
  },
  'owner-unsaid': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Root runs this for somebody else, and a state dir of root locks a gateway of anybody else out.',
  },
  'disk-too-small': { exit: EXIT.preflight, stops: true, why: 'The copy would not fit beside what is there.' },
  'inodes-too-few': { exit: EXIT.preflight, stops: true, why: 'The file system has too few free inodes for the copy.' },
  'same-machine': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Old and new are the same machine and the same state dir.',
  },
  'port-taken': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Another program listens on the port of the gateway on this machine.',
  },
  'port-beside-taken': {
    exit: EXIT.preflight,
    stops: false,
    why: 'The browser or the canvas of the gateway would not come up, for another program has its port.',
  },
  'parent-not-writable': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The directory beside which the copy is to lie cannot be written.',
  },
  'root-is-mount': {
    exit: EXIT.preflight,
    stops: true,
    why: 'A mount point cannot be renamed, so it cannot be swapped.',
  },
  'root-refused': {
    exit: EXIT.preflight,
    stops: true,
    why: 'A system directory or a whole home is not something that can be moved.',
  },
  'root-unreadable': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Part of what has to move cannot be read by this account.',
  },
  'roots-collide': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Two things that move would be put into one place, or one into the other, or over the product of this machine.',
  },
  'root-not-ours': { exit: EXIT.preflight, stops: true, why: 'What is there belongs to another user.' },
  'config-malformed': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The config does not parse, so its paths cannot be known or rewritten.',
  },
  'service-refused': {
    exit: EXIT.preflight,
    stops: true,
    why: 'This release of the product runs a state dir in that place by hand only, and never as a service.',
  },
  'config-left-behind': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The config lies outside of all that moves, so the new gateway would start without it.',
  },
  'clock-skew': { exit: EXIT.preflight, stops: false, why: 'The clocks of the two machines differ.' },
  'gateway-stopped': { exit: EXIT.preflight, stops: false, why: 'The old gateway is not running.' },
  'system-unit': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The old gateway is a service of the whole machine, which this account can neither stop nor disable.',
  },
  'unit-unreachable': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The service of the old gateway is enabled, and no service manager answers that could disable it.',
  },
  'no-supervisor': {
    exit: EXIT.degraded,
    stops: false,
    why: 'No service manager will start the gateway again after a reboot.',
  },
  'supervisor-unhandled': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The gateway is kept running by something that neo-pull does not know how to stop for good.',
  },
  'supervisor-needs-root': {
    exit: EXIT.preflight,
    stops: true,
    why: 'What keeps the gateway running can be changed by root only.',
  },
  'second-unit': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Only one unit is disabled by the fence; another one would start the old gateway beside the new one.',
  },
  'platform-unproven': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Whether a gateway lives is seen in /proc, and without it nobody can prove that two never run.',
  },
  'second-supervisor': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Something else would start the gateway as well.',
  },
  'arch-differs': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Programs and native modules of one architecture do not run on the other.',
  },
  'container-apart': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The old gateway is in a container whose paths or network are not those of its machine.',
  },
  'secret-needed': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The config names a variable that the new gateway would not have, and it is not loaded without.',
  },
  'secret-left-behind': {
    exit: EXIT.preflight,
    stops: false,
    why: 'The old gateway has variables from outside of its state, which the new one would not have.',
  },
  'env-not-carried': {
    exit: EXIT.cutover,
    stops: true,
    why: 'The value of a variable could not be fetched, or cannot be written where the new gateway reads it.',
  },
  'env-outranked': {
    exit: EXIT.cutover,
    stops: false,
    why: 'A variable has one value in .env and another where the old gateway had it from: here the one in .env counts.',
  },
  'secret-by-command': {
    exit: EXIT.preflight,
    stops: false,
    why: 'A program of the old machine hands out secrets to the gateway.',
  },
  'port-differs': {
    exit: EXIT.preflight,
    stops: false,
    why: 'The running gateway listens on another port than its config or service says now.',
  },
  'queue-not-empty': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Messages wait to be sent, and will be sent by the new gateway when it starts.',
  },
  'live-exists': {
    exit: EXIT.confirmation,
    stops: true,
    why: 'This machine already has a state dir or workspace there. It would be parked, not deleted.',
  },
  'confirmation-needed': {
    exit: EXIT.confirmation,
    stops: true,
    why: 'A question has to be answered, and there is no one to ask.',
  },
  declined: { exit: EXIT.confirmation, stops: true, why: 'The question was answered with no.' },
  // locks
  locked: { exit: EXIT.locked, stops: true, why: 'Another neo-pull on this machine is working on the same gateway.' },
  claimed: { exit: EXIT.locked, stops: true, why: 'The old machine is claimed by another run.' },
  // transfer
  'transfer-failed': { exit: EXIT.transfer, stops: true, why: 'rsync could not finish the copy.' },
  'transfer-stalled': { exit: EXIT.transfer, stops: true, why: 'Nothing has arrived for too long.' },
  'journal-unwritable': {
    exit: EXIT.transfer,
    stops: true,
    why: 'The journal could not be written, and nothing is done that it does not hold.',
  },
  'disk-full': { exit: EXIT.transfer, stops: true, why: 'The disk of this machine is full.' },
  'copy-too-large': {
    exit: EXIT.halt,
    stops: true,
    why: 'So much more comes than was measured that something grows without end, or means to fill this disk.',
  },
  'mass-deletion': {
    exit: EXIT.halt,
    stops: true,
    why: 'So much has vanished on the old machine that it looks like an accident.',
  },
  'source-emptied': { exit: EXIT.halt, stops: true, why: 'A directory that is copied is empty on the old machine.' },
  'source-unmounted': {
    exit: EXIT.halt,
    stops: true,
    why: 'A file system that is copied is no longer mounted on the old machine.',
  },
  'source-config-gone': { exit: EXIT.halt, stops: true, why: 'The config is gone from the old machine.' },
  'source-gone': { exit: EXIT.halt, stops: true, why: 'What is to be copied is no longer there on the old machine.' },
  // following
  'watcher-unavailable': {
    exit: EXIT.transfer,
    stops: false,
    why: 'Nothing on the old machine can tell what changes there, so all of it has to be looked through.',
  },
  'watch-limit': {
    exit: EXIT.transfer,
    stops: false,
    why: 'The old machine lets an account watch so many directories only, and there are more.',
  },
  'watcher-ended': {
    exit: EXIT.transfer,
    stops: false,
    why: 'What told of changes on the old machine does so no more; only a full pass knows what has changed since.',
  },
  'service-unavailable': {
    exit: EXIT.preflight,
    stops: true,
    why: 'A unit needs a service manager of the account, and none answers on this machine.',
  },
  'service-failed': {
    exit: EXIT.preflight,
    stops: true,
    why: 'The neo-pull that follows was put in place as a service, and did not come up.',
  },
  // commands
  'command-not-found': { exit: EXIT.bug, stops: true, why: 'A program could not be started.' },
  'command-failed': { exit: EXIT.cutover, stops: true, why: 'A command did not do its work.' },
  'command-timeout': { exit: EXIT.cutover, stops: true, why: 'A command did not come to its end in time.' },
  'output-too-large': {
    exit: EXIT.cutover,
    stops: true,
    why: 'A command said more than anything of its kind should say.',
  },
  'answer-malformed': { exit: EXIT.cutover, stops: true, why: 'A command answered something that cannot be read.' },
  // verification
  'copy-differs': { exit: EXIT.mismatch, stops: true, why: 'The copy is not the same as the old tree.' },
  'copy-not-as-planned': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'After reconciling, the copy is not the old tree with the declared changes.',
  },
  'root-appeared': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'A directory belongs to the gateway that the plan does not move.',
  },
  'old-changed': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'Something wrote on the old machine after its gateway was stopped.',
  },
  'inventory-shrank': { exit: EXIT.mismatch, stops: true, why: 'The new gateway knows less than the old one did.' },
  'inventory-unknown': {
    exit: EXIT.mismatch,
    stops: false,
    why: 'What is in a database of the gateway was not counted.',
  },
  // audit of what was received
  'link-into-login': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'Whatever is written through such a link decides who gets into this account, or what starts in it.',
  },
  'link-astray': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'A symlink of the copy leads to a place that the plan, as it was agreed to, does not name.',
  },
  'hard-link-outside': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'A file of the copy has a name outside of it, so that writing to the one would change the other.',
  },
  'special-received': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'No copy may hold a device or a pipe: a program that opens one by its name reads the machine, or waits for ever.',
  },
  'setid-dropped': {
    exit: EXIT.mismatch,
    stops: false,
    why: 'What has a setuid or setgid bit lends the rights of its owner or group, and those are others here.',
  },
  'name-unprintable': {
    exit: EXIT.mismatch,
    stops: false,
    why: 'A name with control characters in it can look like another one, or tell a terminal what to do.',
  },
  // cutover
  'old-did-not-stop': { exit: EXIT.cutover, stops: true, why: 'The old gateway did not stop in time.' },
  'old-alive': { exit: EXIT.cutover, stops: true, why: 'The old gateway shows signs of life.' },
  'dead-man-not-armed': {
    exit: EXIT.cutover,
    stops: true,
    why: 'Nothing would start the old gateway again if neo-pull were cut off from the old machine.',
  },
  'dead-man-fired': {
    exit: EXIT.cutover,
    stops: true,
    why: 'The old machine had not heard from neo-pull for so long that it started its gateway again.',
  },
  'dead-man-not-cancelled': {
    exit: EXIT.cutover,
    stops: true,
    why: 'The old machine might still start its gateway again, and then there would be two.',
  },
  'fence-failed': { exit: EXIT.cutover, stops: true, why: 'The old gateway could not be kept from coming back.' },
  'rewrite-failed': { exit: EXIT.cutover, stops: true, why: 'A file that holds old paths could not be rewritten.' },
  'text-names-old-path': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Notes, jobs and scripts are words, and what a path in them means only their reader knows.',
  },
  'config-names-old-path': {
    exit: EXIT.preflight,
    stops: false,
    why: 'A path inside of other words of the config may mean anything, and is left as it is.',
  },
  'rebuild-needed': {
    exit: EXIT.preflight,
    stops: false,
    why: 'Launchers with whole paths in them were made for their place, and are made again by the tool that made them.',
  },
  'approval-names-old-path': {
    exit: EXIT.preflight,
    stops: false,
    why: 'An allow pattern gives rights, and another path may give others.',
  },
  'link-not-moved': {
    exit: EXIT.preflight,
    stops: false,
    why: 'What a link or a Git file names does not move, so it leads to nothing here.',
  },
  'path-foreign': {
    exit: EXIT.preflight,
    stops: false,
    why: 'A path of Windows means nothing on this machine, and is left as it is.',
  },
  'database-damaged': {
    exit: EXIT.mismatch,
    stops: true,
    why: 'SQLite finds a database damaged, and a gateway that works with it may damage it further.',
  },
  'database-unchecked': {
    exit: EXIT.cutover,
    stops: false,
    why: 'Whether a database is sound could not be found out on this machine.',
  },
  'database-left': {
    exit: EXIT.cutover,
    stops: false,
    why: 'A database holds old paths where nothing may change them, or could not be read.',
  },
  'swap-failed': { exit: EXIT.cutover, stops: true, why: 'A directory could not be put in its place.' },
  'doctor-failed': { exit: EXIT.cutover, stops: true, why: "The product's doctor did not finish." },
  'doctor-complains': {
    exit: EXIT.cutover,
    stops: true,
    why: "The product's doctor misses transcripts that were moved.",
  },
  'doctor-complained-before': {
    exit: EXIT.cutover,
    stops: false,
    why: "The product's doctor misses transcripts, or finds some that no session names, as it does on the old machine.",
  },
  'doctor-overreached': {
    exit: EXIT.mismatch,
    stops: true,
    why: "The product's doctor changed something that a doctor has no business with.",
  },
  'doctor-unsettled': {
    exit: EXIT.cutover,
    stops: false,
    why: "The product's doctor changes something each time that it runs.",
  },
  'new-did-not-start': { exit: EXIT.cutover, stops: true, why: 'The new gateway did not come up in time.' },
  'new-did-not-stop': { exit: EXIT.cutover, stops: true, why: 'The gateway on this machine did not stop in time.' },
  'new-serves-elsewhere': {
    exit: EXIT.cutover,
    stops: true,
    why: 'The new gateway would serve another state dir, config, profile or home than the one that was moved.',
  },
  'new-unhealthy': { exit: EXIT.cutover, stops: true, why: 'The new gateway runs but does not answer as it should.' },
  'probes-disagree': {
    exit: EXIT.cutover,
    stops: true,
    why: 'The product says one thing of the new gateway, and its port, process and page another.',
  },
  'line-unfinished': {
    exit: EXIT.degraded,
    stops: false,
    why: 'A transcript ends in the middle of a line.',
  },
  'over-budget': {
    exit: EXIT.overBudget,
    stops: true,
    why: 'The gateway would have been down for longer than it may.',
  },
  'turn-running': {
    exit: EXIT.preflight,
    stops: true,
    why: 'An agent is in the middle of a turn, and a stop would cut it off.',
  },
  'rehearsal-would-send': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Messages wait in the copy, and a gateway that is only rehearsed must not send them.',
  },
  'rehearsal-live': {
    exit: EXIT.mismatch,
    stops: false,
    why: 'The old gateway wrote while it was copied and compared, as it does not in a move.',
  },
  'rehearsal-torn': {
    exit: EXIT.transfer,
    stops: true,
    why: 'The copy was taken in the middle of a write of the old gateway, so the rehearsal could not go on with it.',
  },
  'failed-on-request': { exit: EXIT.cutover, stops: true, why: 'This step was made to fail on request (--fail-step).' },
  // after the commit
  'channel-not-connected': {
    exit: EXIT.degraded,
    stops: false,
    why: 'A channel that was connected before is not connected now.',
  },
  'channel-replaced': { exit: EXIT.degraded, stops: false, why: 'The login of a channel is in use in a second place.' },
  'channel-conflict': { exit: EXIT.degraded, stops: false, why: 'A bot is polled from a second place.' },
  'login-refused': {
    exit: EXIT.degraded,
    stops: false,
    why: 'Something does not take the login of the gateway any more.',
  },
  'link-needed': { exit: EXIT.degraded, stops: false, why: 'A channel has to be linked with its account again.' },
  'new-restarts': { exit: EXIT.unknown, stops: true, why: 'The new gateway ends again and again.' },
  'unwind-incomplete': { exit: EXIT.unknown, stops: true, why: 'Putting things back did not succeed everywhere.' },
  'old-not-running': {
    exit: EXIT.unknown,
    stops: true,
    why: 'Everything is put back, and the old gateway does not run: something else than this run has ended it.',
  },
  'daemon-lost': {
    exit: EXIT.unknown,
    stops: true,
    why: 'The neo-pull that cuts over could not be listened to until its end, so how it ended is not known here.',
  },
  'old-unseen': {
    exit: EXIT.degraded,
    stops: false,
    why: 'The old machine could not be looked at once more after the move.',
  },
  'old-alive-after-move': { exit: EXIT.unknown, stops: true, why: 'The old gateway runs again beside the new one.' },
  'changed-since': {
    exit: EXIT.confirmation,
    stops: true,
    why: 'Somebody has brought the old gateway back since the run broke off, and going on would stop it again.',
  },
  'unfence-refused': {
    exit: EXIT.preflight,
    stops: true,
    why: 'Two gateways on one identity log each other out, so the old one stays off while the new one can run.',
  },
  'moved-but': { exit: EXIT.unknown, stops: true, why: 'The move was finished before, and something changed since.' },
  detached: { exit: EXIT.interrupted, stops: true, why: 'Only the watching ended; the neo-pull that follows goes on.' },
  interrupted: { exit: EXIT.interrupted, stops: true, why: 'The run was interrupted.' },
  terminated: { exit: EXIT.terminated, stops: true, why: 'The run was told to end.' },
  bug: { exit: EXIT.bug, stops: true, why: 'This is a defect of neo-pull.' },
} as const satisfies Record<string, { exit: ExitCode; stops: boolean; why: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Something wrong: what was seen, and what to do next. A Check returns it, a Step throws it as a `ProblemError`. */
export interface Problem {
  readonly code: ProblemCode;
  readonly stops: boolean;
  /** What was seen, with the value. One sentence or two, no secret, no control character. */
  readonly message: string;
  /** What to do next, pasteable where it is a command. */
  readonly hint: string;
  readonly detail?: Json;
}

/** Makes a Problem; `stops` comes from the table unless given. */
export function problem(
  code: ProblemCode,
  words: { message: string; hint: string; detail?: Json; stops?: boolean },
): Problem {
  return { code, stops: PROBLEMS[code].stops, ...words };
}

/** A Problem as an exception. Anything else that is thrown is a bug. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(thrown: Problem, options?: { cause?: unknown }) {
    super(thrown.message, options);
    this.name = 'ProblemError';
    this.problem = thrown;
  }
}

/** Throws a Problem in one line: `throw fail('disk-full', {...})`. */
export function fail(
  code: ProblemCode,
  words: { message: string; hint: string; detail?: Json },
  options?: { cause?: unknown },
): ProblemError {
  return new ProblemError(problem(code, words), options);
}

/** The Problem inside anything thrown; what is not a `ProblemError` is a bug and says so. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProblemError) return thrown.problem;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return problem('bug', {
    message: `${error.name}: ${error.message}`,
    hint: 'Please report it with the log of this run. `neo-pull status` says who is running.',
    detail: { stack: error.stack ?? '' },
  });
}
