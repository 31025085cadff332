/**
 * Decodes a stream of JSON documents, one per line, as a watch sends them. It works on bytes: a line feed is never part
 * of a longer UTF-8 sequence, so a chunk may end anywhere, and a line is decoded only when it is whole.
 */

const LINE_FEED = 0x0a;

/** The stream is not what it should be. Never quotes the text: it may hold secret values. */
export class JsonStreamError extends Error {
  override readonly name = 'JsonStreamError';
}

/**
 * Yields one parsed value per line; empty lines are skipped.
 * @throws JsonStreamError for a line that is not JSON, or when the stream ends in the middle of one.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  // The pieces of a line that is not whole yet; joined once, however many they are.
  let pieces: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = decode(pieces);
      pieces = [];
      if (line.trim() !== '') yield parse(line);
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (decode(pieces).trim() !== '') throw new JsonStreamError('the stream ended in the middle of a line');
}

function decode(pieces: readonly Uint8Array[]): string {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1)
    return Buffer.from(only.buffer, only.byteOffset, only.byteLength).toString('utf8');
  return Buffer.concat(pieces).toString('utf8');
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // The parser's own message quotes the text.
    throw new JsonStreamError('a line of the stream is not JSON');
  }
}
