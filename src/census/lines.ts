/** The lines of an answer as they come, without their ends. `tooLong` makes what is thrown for more than anything of ours says. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, tooLong: () => Error): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    rest = Buffer.concat([rest, chunk]);
    if (bytes > MOST_BYTES || rest.length > MOST_BYTES / 64) throw tooLong();
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest.toString();
}

/** A million sessions have a tenth of it. */
const MOST_BYTES = 512 * 1024 * 1024;
