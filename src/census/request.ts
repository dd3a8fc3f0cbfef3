import type { Build } from '../core/native.ts';

/** Where a gateway's things lie on the machine that counts them. All paths absolute. */
export interface CensusRequest {
  /** The state dir, or the copy of one. */
  readonly state: string;
  /** Directories of agents and session stores outside of it; `id` stands for them in names. */
  readonly apart: readonly CensusPlace[];
  readonly workspaces: readonly CensusPlace[];
  /** Files with an index of sessions that lie where only the config says. */
  readonly stores?: readonly CensusPlace[];
  /** A directory of ours, for copies of databases that cannot be read where they lie; without it these are named and not counted. */
  readonly scratch?: string;
  /** Where it is there nothing is counted: asked is what is bound to the machine. */
  readonly bound?: BoundRequest;
}

/** A directory by a name that is the same on every machine. */
export interface CensusPlace {
  readonly id: string;
  readonly path: string;
}

export interface BoundRequest {
  /** What this machine is, by its own word. */
  readonly from: Pick<Build, 'platform' | 'arch'>;
  /** What native files are to run on; null asks for the machine alone, and reads no file of the gateway. */
  readonly to: Build | null;
  /** Is the Node that answers the gateway's own? Of another one the ABI says nothing. */
  readonly isOwnNode: boolean;
  /** Files with certificates, apart from those in the state dir. */
  readonly certificates: readonly string[];
}

/** As one word of an argv: base64, because a path may hold anything. */
export function encodeRequest(request: CensusRequest): string {
  return Buffer.from(JSON.stringify(request)).toString('base64');
}

/** Only for what `encodeRequest` made. */
export function decodeRequest(word: string): CensusRequest {
  return JSON.parse(Buffer.from(word, 'base64').toString()) as CensusRequest;
}
