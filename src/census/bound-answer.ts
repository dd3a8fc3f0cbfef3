import { z } from 'zod';
import { printable } from '../host/printable.ts';

/** Names and paths of foreign origin are safe to print from here on. */
const text = z.string().transform((value) => printable(value, 4096));
const texts = z.array(text);

const OWNER = z.object({
  /** A package of npm, a distribution of pip, or neither. */
  kind: z.enum(['npm', 'python', 'program']),
  /** Where it is installed anew, relative to its place: the project, the Python environment, the directory of the program. */
  dir: text,
  /** `better-sqlite3@9.0.0`, `numpy==2.1.0`, or the name of the file. */
  name: text,
  /** The file in (or, for Python, beside) that directory that says what is to be installed; null where there is none. */
  from: text.nullable(),
  /** Is it a package for one kind of machine, which building again cannot make another of? Or an environment of Python? */
  isFixed: z.boolean(),
});

const BOUND = z.object({
  machine: z.object({
    hostname: text,
    addresses: texts,
    timeZone: text,
    libc: z.enum(['glibc', 'musl']).nullable(),
    abi: text.nullable(),
  }),
  natives: z.array(
    z.object({
      place: text,
      owner: OWNER,
      /** Which part of the machine it is bound to: processor and system, C library, or the version of Node. */
      why: z.enum(['machine', 'libc', 'node']),
      files: z.number(),
      /** One of them, relative to its place. */
      file: text,
    }),
  ),
  /** False when there was no time to look through everything. */
  isWhole: z.boolean(),
  devices: z.array(
    z.object({
      list: z.enum(['devices', 'nodes']),
      id: text,
      name: text,
      platform: text,
      /** What it calls itself: `cli`, `openclaw-ios`, `node-host`, `webchat`; all of it together. */
      client: text,
      isNode: z.boolean(),
    }),
  ),
  browsers: z.array(z.object({ profile: text, hasLogins: z.boolean(), isByKeyring: z.boolean() })),
  containers: z.array(z.object({ name: text, image: text })),
  /** The name under which the machine is a node itself; null where it is none. */
  nodeHost: text.nullable(),
  /** Cron jobs that follow the machine's own time zone. */
  jobs: z.array(z.object({ id: text, name: text })),
  certificates: z.array(z.object({ path: text, names: texts })),
  /** Databases of the product's own directories, relative to the state dir. */
  databases: texts,
});

/** What is bound to a machine, by its files and its own word. Names, never a token. */
export type BoundFacts = z.infer<typeof BOUND>;
export type NativeGroup = BoundFacts['natives'][number];
export type Owner = NativeGroup['owner'];

/** Reads what the program said; null for anything else. Pure. */
export function boundIn(value: unknown): BoundFacts | null {
  return BOUND.safeParse(value).data ?? null;
}
