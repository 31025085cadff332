/** The watch side of the fake API server: a history of changes and the streams that follow it. */
import type { WatchEvent, WatchOptions } from '../../src/kube/client.ts';
import { GoneError } from '../../src/kube/errors.ts';
import type { Stored } from '../../src/kube/types.ts';
import type { Loose } from './fake-kube-objects.ts';
import { matchesSelectors, partialMetadata } from './fake-kube-objects.ts';

interface Change {
  readonly kind: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Loose;
  /** How it was before: an object that leaves a selector is seen as deleted. */
  readonly before: Loose | undefined;
}

export class WatchLog {
  readonly #history: Change[] = [];
  readonly #streams = new Set<WatchStream>();
  /** Versions below this are forgotten. */
  compactedTo = 0;

  get open(): number {
    return this.#streams.size;
  }

  append(kind: string, type: Change['type'], object: Loose, before: Loose | undefined): void {
    const change = { kind, type, object, before };
    this.#history.push(change);
    for (const stream of this.#streams) stream.offer(change);
  }

  /** @throws GoneError when the version is forgotten. */
  subscribe(kind: string, options: WatchOptions): WatchStream {
    if (Number(options.resourceVersion) < this.compactedTo)
      throw new GoneError(`too old resource version: ${options.resourceVersion}`, { status: 410, reason: 'Expired' });
    const stream = new WatchStream(kind, options, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    for (const change of this.#history) stream.offer(change);
    return stream;
  }

  end(error?: Error): void {
    for (const stream of this.#streams) stream.end(error);
  }

  bookmark(resourceVersion: string): void {
    for (const stream of this.#streams) stream.push({ type: 'BOOKMARK', resourceVersion });
  }

  compact(version: number): void {
    this.compactedTo = version;
    this.#history.length = 0;
  }
}

class WatchStream implements AsyncIterable<WatchEvent> {
  readonly #kind: string;
  readonly #options: WatchOptions;
  readonly #onClose: () => void;
  readonly #queue: WatchEvent[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;
  readonly #onAbort = (): void => this.end(this.#options.signal?.reason as Error);

  constructor(kind: string, options: WatchOptions, onClose: () => void) {
    this.#kind = kind;
    this.#options = options;
    this.#onClose = onClose;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  offer(change: Change): void {
    const version = Number(change.object.metadata.resourceVersion);
    if (change.kind !== this.#kind || version <= Number(this.#options.resourceVersion)) return;
    const inside = change.type !== 'DELETED' && matchesSelectors(change.object, this.#options);
    const wasInside = change.before !== undefined && matchesSelectors(change.before, this.#options);
    if (!inside && !wasInside) return;
    const object = (this.#options.metadataOnly === true ? partialMetadata(change.object) : change.object) as Stored;
    this.push({ type: inside ? (wasInside ? 'MODIFIED' : 'ADDED') : 'DELETED', object });
  }

  push(event: WatchEvent): void {
    this.#queue.push(event);
    this.#wake();
  }

  /** What is queued is still delivered, except when an error ends the stream. */
  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake();
  }

  close(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#onClose();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const event = this.#queue.shift();
      if (event !== undefined) yield event;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
