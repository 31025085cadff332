/**
 * Answers that came with an ETag, so that the next equal request need not be answered in full. Lives and dies with the
 * session; bounded by size.
 */
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../exchange.ts';

export interface KnownAnswer {
  readonly etag: string;
  readonly body: Uint8Array;
}

const LARGEST_BYTES = 256 * 1024;
const MOST_ANSWERS = 64;

export class KnownAnswers {
  readonly #answers = new Map<string, KnownAnswer>();

  find(request: HttpRequest): KnownAnswer | undefined {
    return this.#answers.get(keyOf(request));
  }

  /** Keeps the answer if it may be asked for conditionally; forgets an earlier one in any case. */
  note(request: HttpRequest, { headers, body }: HttpAnswer): void {
    const key = keyOf(request);
    this.#answers.delete(key);
    const etag = headers['etag'];
    if (request.method !== 'GET' || typeof etag !== 'string' || body.length > LARGEST_BYTES) return;
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(key, { etag, body });
  }

  clear(): void {
    this.#answers.clear();
  }
}

function keyOf({ method, url, headers, body }: HttpRequest): string {
  const digest = createHash('sha256').update(JSON.stringify([method, url.href, headers]));
  return digest.update(body ?? '').digest('base64');
}
