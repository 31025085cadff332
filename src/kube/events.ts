/**
 * Tells users what happened to an object, through core/v1 Events. Never in the way (D55): `event()` only notes the
 * news; a background loop writes it, at most 100 at once and 25 a second, and gives up rather than piling up.
 */
import type { Clock } from '../clock.ts';
import { sleep } from '../clock.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { AlreadyExistsError, NotFoundError, TooManyRequestsError, UnreachableError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { EventObject, EventSubject, EventType, News } from './event-record.ts';
import { eventObject, events, news, timestamp } from './event-record.ts';
import type { Log } from '../log.ts';
import { RateLimit } from './rate-limit.ts';

export type { EventSubject, EventType } from './event-record.ts';

/** What a controller holds. */
export interface Recorder {
  /** Returns at once. `message` names objects and keys, never values; beyond 1024 characters it is cut. */
  event(about: EventSubject, type: EventType, reason: string, message: string): void;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Shown as `From` by kubectl describe. */
  readonly component: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** News that may wait; default 1000. */
  readonly capacity?: number | undefined;
}

const RATE = { burst: 100, qps: 25 };
const CAPACITY = 1000;
const FLUSH_MS = 2000;
/** Events we know to exist, so that a repetition is one patch. The API server forgets events after an hour anyway. */
const REMEMBERED = 4096;

export class EventRecorder implements Recorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: EventQueue;
  readonly #limit: RateLimit;
  readonly #backoff: Backoff;
  /** Event id → how often it was counted so far; the longest unused first. */
  readonly #written = new Map<string, number>();
  #wake: () => void = () => undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new EventQueue(options.capacity ?? CAPACITY);
    this.#limit = new RateLimit({ ...RATE, clock: options.clock });
    this.#backoff = new Backoff({ random: options.random ?? Math.random });
  }

  /** News that was given up, by type: the queue was full, or the API server refused it. */
  get dropped(): Readonly<Record<EventType, number>> {
    return this.#queue.dropped;
  }

  event(about: EventSubject, type: EventType, reason: string, message: string): void {
    this.#note(this.#options.component, about, type, reason, message);
  }

  /** A recorder under another component's name that shares this one's queue and limits. */
  as(component: string): Recorder {
    return {
      event: (about, type, reason, message) => this.#note(component, about, type, reason, message),
    };
  }

  /** Writes news until the signal aborts; then what waits is written as far as 2 seconds allow. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#queue.size === 0) await this.#nextNews(signal);
        await this.#limit.take(signal);
        const pause = await this.#writeOne(signal);
        if (pause > 0) await sleep(this.#options.clock, pause, signal);
      } catch (error) {
        if (!signal.aborted) this.#options.log.warn({ error: messageOf(error) }, 'event not written');
      }
    }
    await this.#flush();
  }

  #note(component: string, about: EventSubject, type: EventType, reason: string, message: string): void {
    this.#queue.add(news(component, about, type, reason, message, this.#options.clock.now()));
    this.#wake();
  }

  async #nextNews(signal: AbortSignal): Promise<void> {
    const arrived = Promise.withResolvers<void>();
    this.#wake = arrived.resolve;
    signal.addEventListener('abort', this.#wake, { once: true });
    await arrived.promise;
    signal.removeEventListener('abort', this.#wake);
    signal.throwIfAborted();
  }

  /** Returns how long to leave the API server alone, in milliseconds. */
  async #writeOne(signal: AbortSignal): Promise<number> {
    const item = this.#queue.take();
    if (item === undefined) return 0;
    try {
      await this.#write(item, signal);
      this.#backoff.reset();
      return 0;
    } catch (error) {
      if (signal.aborted || isPassing(error)) {
        this.#queue.add(item);
        return Math.max(this.#backoff.next(), error instanceof TooManyRequestsError ? (error.retryAfterMs ?? 0) : 0);
      }
      this.#queue.countDropped(item);
      this.#options.log.debug({ event: item.name, error: messageOf(error) }, 'event refused');
      return 0;
    }
  }

  async #write(item: News, signal: AbortSignal): Promise<void> {
    const id = `${item.namespace}/${item.name}`;
    const counted = this.#written.get(id);
    if (counted !== undefined && (await this.#recount(item, counted, signal))) return;
    try {
      await this.#options.client.create(events, eventObject(item), { signal });
      this.#remember(id, item.count);
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
      // Written before our last restart: go on counting. A patch tells the count too, and reading takes a right more.
      const patch = { lastTimestamp: timestamp(item.lastAt) };
      const known = await this.#options.client.patch<EventObject>(events, item, patch, { signal });
      await this.#recount(item, known.count, signal);
    }
  }

  /** Says whether the event still existed. */
  async #recount(item: News, before: number, signal: AbortSignal): Promise<boolean> {
    const id = `${item.namespace}/${item.name}`;
    const count = before + item.count;
    try {
      const patch = { count, lastTimestamp: timestamp(item.lastAt) };
      await this.#options.client.patch(events, item, patch, { signal });
      this.#remember(id, count);
      return true;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      this.#written.delete(id);
      return false;
    }
  }

  #remember(id: string, count: number): void {
    this.#written.delete(id);
    this.#written.set(id, count);
    if (this.#written.size <= REMEMBERED) return;
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest);
      return;
    }
  }

  async #flush(): Promise<void> {
    const deadline = new AbortController();
    const timer = this.#options.clock.setTimer(FLUSH_MS, () => deadline.abort());
    try {
      while (this.#queue.size > 0 && !deadline.signal.aborted) {
        if ((await this.#writeOne(deadline.signal)) > 0) return;
      }
    } finally {
      timer.cancel();
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TooManyRequestsError;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
