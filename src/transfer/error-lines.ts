import type { Readable } from 'node:stream';
import { printable } from '../host/printable.ts';
import { eachLine } from './lines.ts';

const MAX_LINES = 20;

/** The first lines that a stream says, fit to be shown; the rest is read and forgotten. */
export class ErrorLines {
  readonly lines: string[] = [];
  /** Did the operating system say that there is no room? By its number at the end of a line, which no language changes. */
  noRoom = false;

  /** Reads the stream to its end. */
  read(stream: Readable): Promise<void> {
    return eachLine(stream, (line) => {
      if (isNoRoom(line)) this.noRoom = true;
      if (this.lines.length < MAX_LINES) this.lines.push(printable(Buffer.from(line, 'latin1')));
    });
  }
}

/** ENOSPC or EDQUOT on Linux, EDQUOT on macOS, said by a receiving process and not by the machine it receives from. */
function isNoRoom(line: string): boolean {
  return /^rsync: \[(?:receiver|generator|Receiver)\] .* \((?:28|122|69)\)$/.test(line);
}
