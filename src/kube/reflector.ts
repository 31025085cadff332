/**
 * Keeps a sink in step with the objects of one kind: lists in pages, then watches from the list's version, for as long
 * as its signal lets it. It never gives up by itself: whatever the API server does, it comes back, later and later.
 *
 *            ┌────────────── 410, version unknown ───────────────┐
 *            ▼                                                   │
 *   start ▶ list ──▶ watch ──▶ clean end: at once ──▶ watch ─────┤
 *            │         └─ reset, 5xx, 429, idle, bad JSON ─ pause ─▶ watch
 *            └─ any failure ─ pause ─▶ list
 */
import type { Clock, Timer } from '../clock.ts';
import { sleep } from '../clock.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient, ListOptions, WatchEvent, WatchOptions } from './client.ts';
import { DeniedError, GoneError, KubeError, UnreachableError } from './errors.ts';
import type { Log } from '../log.ts';
import { isNobodyThere } from './network-errors.ts';
import type { Resource, Stored } from './types.ts';

/** Where a reflector puts what it sees. Calls are synchronous and in the order of the API server. */
export interface ReflectorSink {
  /** A list begins: until `endList`, each object that exists arrives by `upsert`. */
  beginList(): void;
  upsert(object: Stored): void;
  remove(object: Stored): void;
  /** The list is whole: what did not arrive since `beginList` does not exist any more. */
  endList(): void;
}

export interface ReflectorOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly metadataOnly?: boolean | undefined;
  readonly sink: ReflectorSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Objects per list page; default 500: parsing one page must not hold up the event loop for long. */
  readonly pageSize?: number | undefined;
}

/** For health checks and gauges; times in milliseconds since the epoch. */
export interface ReflectorState {
  readonly phase: 'idle' | 'listing' | 'watching' | 'waiting' | 'stopped';
  /** When the API server last told us something: a page, an event, a bookmark, a clean end. Undefined: never. */
  readonly lastProgressAt: number | undefined;
  /** When the loop last did anything, failing included. One that is minutes old means a dead loop (D58). */
  readonly lastTurnAt: number;
  /** What is wrong now; undefined when all is well. */
  readonly error: Error | undefined;
}

/**
 * A loop whose `lastTurnAt` is older than this is dead: the longest it may rest is the longest Retry-After we honour,
 * and every list and watch has a time limit well below.
 */
export const DEAD_AFTER_MS = 600_000;

const PAGE_SIZE = 500;
const WATCH_SECONDS = { shortest: 300, longest: 600 };
/** Longer than the minute between two bookmarks: silence beyond it means that the connection is dead. */
const IDLE_TIMEOUT_MS = 90_000;
/** A watch that ends sooner than this with nothing to say is a failure, or we would spin. */
const TOO_SHORT_MS = 1000;
/** A watch that has been open for this long is well, even if it had nothing to say yet. */
const SETTLED_MS = 5000;
const LONGEST_RETRY_AFTER_MS = 300_000;
/** While nobody listens, looking often hurts nobody, and an API server that comes back is seen within seconds. */
const LONGEST_PAUSE_NOBODY_THERE_MS = 5000;

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  /** Where the next watch starts; undefined: list first. */
  #version: string | undefined;
  #pageSize: number | undefined;
  /** The last thing a watch said was 410, and no watch has been well since. */
  #gone = false;
  #phase: ReflectorState['phase'] = 'idle';
  #lastProgressAt: number | undefined;
  #lastTurnAt: number;
  #error: Error | undefined;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff({ random: this.#random });
    this.#pageSize = options.pageSize ?? PAGE_SIZE;
    this.#lastTurnAt = options.clock.now();
  }

  get state(): ReflectorState {
    return {
      phase: this.#phase,
      lastProgressAt: this.#lastProgressAt,
      lastTurnAt: this.#lastTurnAt,
      error: this.#error,
    };
  }

  /** Resolves when the signal aborted and nothing of this reflector is left: no stream, no timer. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
    this.#enter('stopped');
  }

  async #list(signal: AbortSignal): Promise<string> {
    this.#enter('listing');
    const { client, resource, sink } = this.#options;
    sink.beginList();
    let token: string | undefined;
    for (;;) {
      const page = await client.list(resource, this.#listOptions(token, signal));
      for (const object of page.items) sink.upsert(object);
      this.#progress();
      token = page.metadata.continue;
      if (token === undefined || token === '') {
        sink.endList();
        this.#pageSize = this.#options.pageSize ?? PAGE_SIZE;
        return page.metadata.resourceVersion;
      }
    }
  }

  #listOptions(token: string | undefined, signal: AbortSignal): ListOptions {
    return {
      ...this.#selection(),
      signal,
      ...(this.#pageSize === undefined ? {} : { limit: this.#pageSize }),
      ...(token === undefined ? {} : { continue: token }),
    };
  }

  /** Returns after a clean end that was long enough; throws otherwise. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    this.#enter('watching');
    const { client, resource, clock } = this.#options;
    const startedAt = clock.now();
    let settled: Timer | undefined;
    const onOpen = (): void => {
      settled = clock.setTimer(SETTLED_MS, () => this.#well());
    };
    let changes = 0;
    try {
      const options = { ...this.#selection(), ...this.#lifetime(), resourceVersion, onOpen, signal };
      for await (const event of client.watch(resource, options)) {
        if (event.type !== 'BOOKMARK') changes++;
        this.#take(event);
      }
    } finally {
      settled?.cancel();
    }
    if (changes === 0 && clock.now() - startedAt < TOO_SHORT_MS)
      throw new UnreachableError('the watch ended at once', { status: 200 });
    this.#well();
  }

  /** Random, so that the watches of a restarted API server do not all end in the same minute. */
  #lifetime(): Pick<WatchOptions, 'timeoutSeconds' | 'idleTimeoutMs'> {
    const { shortest, longest } = WATCH_SECONDS;
    const timeoutSeconds = shortest + Math.floor(this.#random() * (longest - shortest + 1));
    return { timeoutSeconds, idleTimeoutMs: IDLE_TIMEOUT_MS };
  }

  #take(event: WatchEvent): void {
    if (event.type === 'BOOKMARK') {
      this.#version = event.resourceVersion;
    } else {
      if (event.type === 'DELETED') this.#options.sink.remove(event.object);
      else this.#options.sink.upsert(event.object);
      this.#version = event.object.metadata.resourceVersion;
    }
    this.#well();
  }

  #selection(): Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly'> {
    const { namespace, labelSelector, fieldSelector, metadataOnly = false } = this.#options;
    return {
      namespace,
      metadataOnly,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const listed = this.#version !== undefined;
    if (isVersionUseless(error)) this.#version = undefined;
    if (error instanceof GoneError) {
      // A list whose pages expired under way is asked for in one piece the next time.
      if (!listed) this.#pageSize = undefined;
      // An API server that restarted says 410 to every watch: everyday life, so list again at once. But only once.
      else if (!this.#gone) return this.#listAgain();
    }
    this.#report(error);
    this.#enter('waiting');
    await sleep(this.#options.clock, this.#pauseAfter(error), signal).catch(() => undefined);
  }

  #listAgain(): void {
    this.#gone = true;
    this.#options.log.debug(this.#about(), 'the watch is too old: listing again');
  }

  #pauseAfter(error: Error): number {
    const pause = this.#backoff.next(isNobodyThere(error) ? LONGEST_PAUSE_NOBODY_THERE_MS : undefined);
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(pause, Math.min(asked, LONGEST_RETRY_AFTER_MS));
  }

  /** Logs a failure only when it is another one than before: an outage of an hour is one line. */
  #report(error: Error): void {
    const before = this.#error;
    this.#error = error;
    if (before !== undefined && before.name === error.name) return;
    const denied = error instanceof DeniedError;
    const message = denied ? 'not allowed to list or watch; will keep trying' : 'watch interrupted; will keep trying';
    this.#options.log.warn({ ...this.#about(), error: error.message }, message);
  }

  #progress(): void {
    this.#lastTurnAt = this.#lastProgressAt = this.#options.clock.now();
  }

  /** The watch works: forget what was wrong. (A list that works is not enough: watching may still be impossible.) */
  #well(): void {
    this.#progress();
    this.#backoff.reset();
    this.#gone = false;
    if (this.#error !== undefined) this.#options.log.info(this.#about(), 'watching again');
    this.#error = undefined;
  }

  #enter(phase: ReflectorState['phase']): void {
    this.#phase = phase;
    this.#lastTurnAt = this.#options.clock.now();
  }

  #about(): object {
    const { resource, namespace } = this.#options;
    return { resource: resource.plural, ...(namespace === undefined ? {} : { namespace }) };
  }
}

/** The version we hold cannot be watched from: too old, or (after a restored backup) newer than what the server has. */
function isVersionUseless(error: Error): boolean {
  if (error instanceof GoneError) return true;
  if (!(error instanceof KubeError)) return false;
  return error.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') ?? false;
}
