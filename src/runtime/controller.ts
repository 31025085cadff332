/**
 * The control loop of one kind: takes keys from its work queue, runs `reconcile` on each, many at a time, and decides
 * from the outcome when to look again. What a reconcile does is none of its business.
 *
 *     outcome                      what happens
 *     returned                     failures forgotten; again after `requeueAfterMs`, if given
 *     TerminalError                logged, counted; again only after its `retryAfterMs`, if given
 *     conflict                     again at once, a few times
 *     error with `retryAfterMs`    again then
 *     outage                       again within 20 s; the key's own backoff does not grow
 *     any other throw              again after 1 s · 2^n, at most 7 min
 *     aborted (stop, pause)        quiet; after a pause the key runs again
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { silentObserver, type ControllerObserver, type QueueGauges, type ReconcileResult } from './observer.ts';
import { failureScale, outageScale, RateLimiter } from './rate-limiter.ts';
import { Run } from './run.ts';
import { judge, type ErrorRules, type Verdict } from './verdict.ts';
import { LANES, WorkQueue, type Lane, type WorkItem } from './work-queue.ts';

export { RetryAfterError, TerminalError } from './errors.ts';

export interface Outcome {
  /** When to look at the key again, in milliseconds. Absent: only when something changes. */
  readonly requeueAfterMs?: number | undefined;
}

export interface ReconcileContext {
  /** Aborted when the controller stops, pauses (lost leadership) or the reconcile takes too long. */
  readonly signal: AbortSignal;
  /** Why the key came up now. */
  readonly lane: Lane;
  /** How often this key has failed in a row. */
  readonly attempt: number;
  /** Others that are as urgent wait for a slot: they will come, and hurry is of no use. */
  readonly crowded: boolean;
}

export type Reconcile = (key: string, context: ReconcileContext) => Promise<Outcome>;

export interface ControllerOptions {
  /** Lower-case kind, e.g. `externalsecret`: the `controller` label of metrics and logs. */
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly log: Log;
  /** Reconciles in flight. Waiting ones are cheap; calls to a backend are bounded elsewhere. Default 1000. */
  readonly concurrency?: number;
  readonly groupOf?: (key: string) => string;
  readonly observer?: ControllerObserver;
  readonly errors?: ErrorRules;
  /** Fields for the log line of a failed key, e.g. its SecretStore. */
  readonly describe?: (key: string) => object;
  /** Told after each failure when the key's next attempt is; undefined: none until something changes. Not for conflicts. */
  readonly onFailure?: (key: string, retryInMs: number | undefined) => void;
  /** How long work in flight may take to end after a stop, in milliseconds. Default 30 s. */
  readonly graceMs?: number;
  /** How long one reconcile may take before its signal is aborted, in milliseconds. Default 10 min. */
  readonly deadlineMs?: number;
}

/** Conflicts in a row that are tried again (nearly) at once before they count as failures. */
const CONFLICTS_AT_ONCE = 5;
const CONFLICT_PAUSE_MS = 50;
/** Whoever tells us to come back right now is not taken quite literally. */
const SHORTEST_WAIT_MS = 1_000;

export class Controller {
  readonly name: string;
  readonly concurrency: number;
  readonly #options: ControllerOptions;
  readonly #observer: ControllerObserver;
  readonly #queue: WorkQueue;
  readonly #failures: RateLimiter;
  readonly #outages: RateLimiter;
  readonly #conflicts = new Map<string, number>();
  readonly #runs = new Map<Run, Promise<void>>();

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.concurrency = options.concurrency ?? 1000;
    this.#options = options;
    this.#observer = options.observer ?? silentObserver;
    this.#queue = new WorkQueue({
      clock: options.clock,
      slots: this.concurrency,
      observer: this.#observer,
      ...(options.groupOf === undefined ? {} : { groupOf: options.groupOf }),
    });
    this.#failures = new RateLimiter(failureScale, options.random);
    this.#outages = new RateLimiter(outageScale, options.random);
  }

  /** Wants the key looked at, now or `afterMs` milliseconds from now. May be called before `run`. */
  enqueue(key: string, lane: Lane, afterMs = 0): void {
    this.#queue.addAfter(key, afterMs, lane);
  }

  /**
   * What is in flight for this key may take `graceMs` more; then it is aborted and the key runs again. For news that make a slow pass
   * pointless, like the end of the object.
   */
  hurry(key: string, graceMs: number): void {
    for (const run of this.#runs.keys()) if (run.item.key === key) run.hurry(graceMs);
  }

  /** Aborts what is in flight and starts nothing new, but keeps collecting keys. */
  pause(): void {
    this.#queue.pause();
    for (const run of this.#runs.keys()) run.abort('paused');
  }

  /** Goes on after {@link pause}: interrupted keys run again. */
  resume(): void {
    this.#queue.resume();
  }

  gauges(): QueueGauges {
    return this.#queue.gauges();
  }

  /** Works until the signal aborts; resolves when everything in flight has ended, or after the grace period. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#queue.shutDown();
      for (const run of this.#runs.keys()) run.abort('stopped');
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    for (let item = await this.#queue.next(); item !== undefined; item = await this.#queue.next()) this.#start(item);
    await this.#drain();
  }

  #start(item: WorkItem): void {
    const { clock, deadlineMs = 10 * 60_000 } = this.#options;
    const run = new Run(item, clock, deadlineMs, this.#options.random);
    this.#runs.set(run, this.#work(run));
  }

  async #work(run: Run): Promise<void> {
    const { key } = run.item;
    try {
      const outcome = await this.#reconcile(run);
      this.#succeeded(run, outcome);
    } catch (error) {
      if (run.interrupted) this.#queue.add(key, run.item.lane);
      else this.#failed(run, error);
    } finally {
      run.end();
      this.#runs.delete(run);
      this.#queue.done(key);
    }
  }

  /** In a function of its own so that even a reconcile that throws before its first await is a rejected promise. */
  async #reconcile(run: Run): Promise<Outcome> {
    const { key, lane } = run.item;
    const crowded = this.#queue.waitingIn(lane) > 0;
    return this.#options.reconcile(key, { signal: run.signal, lane, attempt: this.#failures.failures(key), crowded });
  }

  #succeeded(run: Run, outcome: Outcome): void {
    const { requeueAfterMs } = outcome;
    this.#forget(run.item.key);
    if (requeueAfterMs !== undefined) this.#queue.addAfter(run.item.key, requeueAfterMs, LANES.periodic);
    this.#report(run, requeueAfterMs === undefined ? 'success' : 'requeue_after');
  }

  #failed(run: Run, error: unknown): void {
    const verdict = this.#judge(run, error);
    const retryInMs = this.#retryIn(run.item.key, verdict);
    if (verdict.kind === 'conflict') {
      this.#queue.addAfter(run.item.key, retryInMs ?? 0, run.item.lane);
      this.#options.log.debug(this.#fields(run, { error }), 'conflict, trying again');
      this.#report(run, 'requeue');
      return;
    }
    if (retryInMs !== undefined) this.#retry(run.item.key, retryInMs);
    this.#count(run, verdict);
    this.#options.log.error(this.#fields(run, { error, ...explain(verdict, retryInMs) }), 'reconcile failed');
    this.#options.onFailure?.(run.item.key, retryInMs);
    this.#report(run, 'error');
  }

  /** Conflicts beyond the bound are failures like any other. */
  #judge(run: Run, error: unknown): Verdict {
    const verdict = judge(error, this.#options.errors ?? {});
    if (verdict.kind !== 'conflict') {
      this.#conflicts.delete(run.item.key);
      return verdict;
    }
    const count = (this.#conflicts.get(run.item.key) ?? 0) + 1;
    this.#conflicts.set(run.item.key, count);
    return count <= CONFLICTS_AT_ONCE ? verdict : { kind: 'failure', bug: false };
  }

  /** Milliseconds until the next try; undefined: none until something changes. */
  #retryIn(key: string, verdict: Verdict): number | undefined {
    if (verdict.kind === 'terminal') {
      this.#forget(key);
      return verdict.retryAfterMs;
    }
    if (verdict.kind === 'wait') return Math.max(verdict.ms, SHORTEST_WAIT_MS) * (1 + 0.1 * this.#options.random());
    if (verdict.kind === 'conflict') return ((this.#conflicts.get(key) ?? 1) - 1) * CONFLICT_PAUSE_MS;
    return verdict.kind === 'outage' ? this.#outages.next(key) : this.#failures.next(key);
  }

  #retry(key: string, afterMs: number): void {
    this.#queue.addAfter(key, afterMs, LANES.retry);
    this.#observer.retried();
  }

  #count(run: Run, verdict: Verdict): void {
    if (run.timedOut) this.#observer.failedAs('timeout');
    else if (verdict.kind === 'terminal') this.#observer.failedAs('terminal');
    else if (verdict.kind === 'failure' && verdict.bug) this.#observer.failedAs('panic');
  }

  #report(run: Run, result: ReconcileResult): void {
    this.#observer.reconciled(result, run.tookMs);
  }

  #forget(key: string): void {
    this.#failures.forget(key);
    this.#outages.forget(key);
    this.#conflicts.delete(key);
  }

  #fields(run: Run, more: object): object {
    return { controller: this.name, ...run.fields, ...this.#described(run.item.key), ...more };
  }

  #described(key: string): object {
    try {
      return this.#options.describe?.(key) ?? {};
    } catch {
      return {};
    }
  }

  async #drain(): Promise<void> {
    const { clock, graceMs = 30_000, log } = this.#options;
    const over = Promise.withResolvers<void>();
    const timer = clock.setTimer(graceMs, over.resolve);
    await Promise.race([Promise.all(this.#runs.values()), over.promise]);
    timer.cancel();
    const left = [...this.#runs.keys()].map((run) => run.item.key);
    if (left.length > 0) log.warn({ controller: this.name, keys: left.slice(0, 20), count: left.length }, LEFT_BEHIND);
  }
}

const LEFT_BEHIND = 'stopped without waiting any longer for work in flight';

function explain(verdict: Verdict, retryInMs: number | undefined): object {
  return {
    ...(verdict.kind === 'terminal' ? { reason: verdict.reason } : {}),
    ...(retryInMs === undefined ? {} : { retryInSeconds: Math.round(retryInMs / 100) / 10 }),
  };
}
