import type { Readable } from 'node:stream';

/**
 * Reads a stream to its end, however that comes, and gives each line (ended by `\n` or `\r`) to `onLine` as latin1 text. Empty lines are
 * left out, and of a line longer than `maxLength` bytes only the beginning is given, so memory stays flat whatever is said.
 */
export function eachLine(stream: Readable, onLine: (line: string) => void, maxLength = 4096): Promise<void> {
  let line = '';
  const endLine = () => {
    if (line !== '') onLine(line);
    line = '';
  };
  stream.on('data', (chunk: Buffer) => {
    chunk
      .toString('latin1')
      .split(/[\r\n]/)
      .forEach((piece, at) => {
        if (at > 0) endLine();
        line += piece.slice(0, maxLength - line.length);
      });
  });
  return new Promise((resolve) => {
    const end = () => {
      endLine();
      resolve();
    };
    stream.once('end', end).once('close', end).on('error', end);
  });
}
