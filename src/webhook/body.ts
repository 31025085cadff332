/** Reads the body of a request within limits of size and time, for one request and for all together. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';

/** A body that is not taken; the status says why. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: 400 | 408 | 413 | 503;

  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** An update carries the old and the new object, each up to 3 MiB (D41). */
export const LARGEST_BODY = 8 * 1024 * 1024;
/** What all requests under way may hold together. The API server's are a few KiB each. */
const LARGEST_TOTAL = 64 * 1024 * 1024;
/** The API server waits 5 s for the whole answer. */
const READ_WITHIN_MS = 10_000;

export class BodyReader {
  readonly #clock: Clock;
  #held = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `use` with the body; its bytes count as held until `use` returns. @throws BodyError */
  async read<T>(request: IncomingMessage, use: (text: string) => T): Promise<T> {
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) throw tooLarge();
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.setTimer(READ_WITHIN_MS, () =>
      late.reject(new BodyError(408, `the body did not come within ${READ_WITHIN_MS / 1000} s`)),
    );
    const own = { bytes: 0 };
    try {
      const chunks = await Promise.race([this.#collect(request, own), late.promise]);
      return use(Buffer.concat(chunks).toString('utf8'));
    } finally {
      timer.cancel();
      this.#held -= own.bytes;
      own.bytes = Infinity;
    }
  }

  async #collect(request: IncomingMessage, own: { bytes: number }): Promise<Buffer[]> {
    const chunks: Buffer[] = [];
    try {
      // Giving up must not destroy the connection: the answer still has to get out.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (own.bytes === Infinity) break;
        own.bytes += chunk.length;
        this.#held += chunk.length;
        if (own.bytes > LARGEST_BODY) throw tooLarge();
        if (this.#held > LARGEST_TOTAL) throw new BodyError(503, 'too many large requests at a time');
        chunks.push(chunk);
      }
    } catch (error) {
      if (error instanceof BodyError) throw error;
      throw new BodyError(400, 'the body broke off');
    }
    return chunks;
  }
}

function tooLarge(): BodyError {
  return new BodyError(413, `the body is larger than ${LARGEST_BODY / 1024 / 1024} MiB`);
}
