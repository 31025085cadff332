/**
 * Leader election by a Lease: at most one of several instances works at a time.
 *
 *   standby ──lease free or expired──▶ leading ──not renewed for 10 s──▶ paused
 *                                         ▲                               │ │
 *                                         └──────── renewed again ────────┘ │
 *                                                                           ▼
 *              (from leading, too)          another holder ──▶ lost: run() ends
 *
 * A missing API server never ends the process: we pause before others may take over (10 s of our 15 s lease) and try
 * again (D58). Clocks of the instances may differ: how old another's lease is, we measure from when we saw it change, less how much later
 * than usual that was. So a holder that is killed is replaced 15 s after its last renewal, not after the look that saw it.
 */
import type { Clock, Timer } from '../clock.ts';
import { sleep } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { AlreadyExistsError, ConflictError, NotFoundError } from './errors.ts';
import type { Lease } from './lease-record.ts';
import { held, holderOf, leases, released } from './lease-record.ts';
import type { Log } from '../log.ts';
import type { Stored } from './types.ts';

/** Told synchronously; must not throw. */
export interface LeadershipObserver {
  /** Work may begin, or go on after a pause. */
  leading?(): void;
  /** Work must stop for now: we cannot prove that we still hold the lease. It may become ours again. */
  paused?(): void;
  /** Somebody else leads; `run()` ends. */
  lost?(holder: string): void;
}

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process, e.g. Pod name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer?: LeadershipObserver | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** How long others respect our lease without a renewal; default 15 s. */
  readonly leaseDurationMs?: number | undefined;
  /** Without a renewal for this long we pause; default 10 s. Must be shorter than the lease. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between attempts; default 2 s. */
  readonly retryPeriodMs?: number | undefined;
}

const RELEASE_TIMEOUT_MS = 3000;
const MOST_SPREAD = 0.2;
/** Not sooner, even when a lease is about to expire. */
const SHORTEST_PAUSE_MS = 50;

type Outcome = 'held' | 'not ours';

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #leaseMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  #leading = false;
  #everLed = false;
  /** The lease as we last wrote it; undefined: read it first. */
  #ours: Stored<Lease> | undefined;
  /** Another's lease, when by our clock we last looked, and for how long we have been looking since it changed. */
  #seen: { readonly mark: string; readonly lookedAt: number; readonly silentMs: number } | undefined;
  #holder = '';
  /** By how much, at the least, our clock was ahead of another holder's times when we saw them. */
  #ahead: { readonly holder: string; readonly leastMs: number } | undefined;
  /** In how many milliseconds another's lease expires if it is not renewed. */
  #untilFree = Infinity;
  #deadline: Timer | undefined;
  /** Until when, by our clock, others are bound to respect our lease. */
  #provenUntil = 0;
  /** Whether the lease may hold our name. */
  #wrote = false;
  #failing = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseDurationMs ?? 15_000;
    this.#deadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryPeriodMs ?? 2000;
    if (this.#deadlineMs >= this.#leaseMs) throw new RangeError('renewDeadlineMs must be below leaseDurationMs');
  }

  /** Whether work may run now. */
  get isLeading(): boolean {
    // The clock counts as well as the flag: after a suspended machine wakes up, no timer may have fired yet.
    return this.#leading && this.#options.clock.now() < this.#provenUntil;
  }

  /** Who holds the lease as far as we know; empty: nobody. */
  get holder(): string {
    return this.#holder;
  }

  /**
   * Competes until the signal aborts ('stopped'; a lease of ours is released: abort only when the work has ended) or
   * until somebody else took over from us ('lost').
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    try {
      for (;;) {
        if ((await this.#attempt(signal)) === 'lost') return 'lost';
        // Standbys spread, so that they do not all reach for a free lease in the same moment.
        const spread = this.#leading ? 1 : 1 + (this.#options.random ?? Math.random)() * MOST_SPREAD;
        await sleep(this.#options.clock, Math.min(this.#retryMs * spread, this.#untilFree), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.#release();
      return 'stopped';
    } finally {
      this.#deadline?.cancel();
      this.#leading = false;
    }
  }

  async #attempt(signal: AbortSignal): Promise<'lost' | 'goes on'> {
    this.#untilFree = Infinity;
    const sentAt = this.#options.clock.now();
    try {
      const outcome = await this.#within(this.#deadlineMs / 2, signal, (limited) => this.#takeOrRenew(limited));
      if (this.#failing) this.#options.log.info(this.#about(), 'lease can be reached again');
      this.#failing = false;
      if (outcome === 'held') this.#confirm(sentAt);
      else if (this.#everLed) return this.#lose();
    } catch (error) {
      signal.throwIfAborted();
      this.#ours = undefined;
      if (!this.#failing) this.#options.log.warn({ ...this.#about(), error: messageOf(error) }, 'lease not reached');
      this.#failing = true;
    }
    return 'goes on';
  }

  async #takeOrRenew(signal: AbortSignal): Promise<Outcome> {
    const { client, namespace, name, identity, clock } = this.#options;
    try {
      if (this.#ours !== undefined) return await this.#write(this.#ours, signal);
    } catch (error) {
      // Somebody touched or deleted it: look before deciding.
      if (!(error instanceof ConflictError) && !(error instanceof NotFoundError)) throw error;
    }
    this.#ours = undefined;
    let lease: Stored<Lease>;
    try {
      lease = await client.get<Lease>(leases, { namespace, name }, { signal });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      const spec = held({}, identity, this.#leaseMs, clock.now());
      this.#wrote = true;
      return this.#remember(client.create<Lease>(leases, { metadata: { namespace, name }, spec }, { signal }));
    }
    return this.#mayTake(lease) ? await this.#write(lease, signal) : 'not ours';
  }

  #write(lease: Stored<Lease>, signal: AbortSignal): Promise<Outcome> {
    const { client, identity, clock } = this.#options;
    const spec = held(lease.spec ?? {}, identity, this.#leaseMs, clock.now());
    this.#wrote = true;
    return this.#remember(client.update<Lease>(leases, { ...lease, spec }, { signal }));
  }

  async #remember(writing: Promise<Stored<Lease>>): Promise<Outcome> {
    try {
      this.#ours = await writing;
      this.#holder = this.#options.identity;
      return 'held';
    } catch (error) {
      if (error instanceof AlreadyExistsError) return 'not ours';
      if (error instanceof ConflictError && this.#ours === undefined) return 'not ours';
      throw error;
    }
  }

  /** Ours, free, or not renewed for as long as its holder promised. */
  #mayTake(lease: Stored<Lease>): boolean {
    const holder = (this.#holder = holderOf(lease));
    if (holder === '' || holder === this.#options.identity) return true;
    // Once we led, another name in the lease means that we lost it, however stale it looks.
    if (this.#everLed) return false;
    const promisedMs = (lease.spec?.leaseDurationSeconds ?? this.#leaseMs / 1000) * 1000;
    const leftMs = promisedMs - this.#silence(lease);
    this.#untilFree = Math.max(leftMs, SHORTEST_PAUSE_MS);
    return leftMs <= 0;
  }

  /**
   * For how long we have watched the lease stay as it is. Time in which we could not look does not count: then the
   * holder could probably not renew either, and an outage must not cost a change of leader.
   */
  #silence(lease: Stored<Lease>): number {
    const mark = JSON.stringify(lease.spec);
    const lookedAt = this.#options.clock.now();
    const seen = this.#seen?.mark === mark ? this.#seen : { lookedAt, silentMs: this.#seenLate(lease, lookedAt) };
    const silentMs = seen.silentMs + (this.#failing ? 0 : lookedAt - seen.lookedAt);
    this.#seen = { mark, lookedAt, silentMs };
    return silentMs;
  }

  /**
   * How much later than a look that came at once this one saw a renewal: between two looks, whatever the clocks say. No more, lest a holder
   * that sets its clock back loses its lease.
   */
  #seenLate(lease: Stored<Lease>, lookedAt: number): number {
    const aheadMs = lookedAt - Date.parse(lease.spec?.renewTime ?? '');
    if (Number.isNaN(aheadMs)) return 0;
    const holder = holderOf(lease);
    const leastMs = Math.min(aheadMs, this.#ahead?.holder === holder ? this.#ahead.leastMs : aheadMs);
    this.#ahead = { holder, leastMs };
    return Math.min(aheadMs - leastMs, this.#retryMs * (1 + MOST_SPREAD), (this.#leaseMs - this.#deadlineMs) / 2);
  }

  #confirm(sentAt: number): void {
    const { clock, log, observer } = this.#options;
    this.#deadline?.cancel();
    this.#provenUntil = sentAt + this.#leaseMs;
    const left = this.#deadlineMs - (clock.now() - sentAt);
    this.#deadline = clock.setTimer(left, () => this.#pause('lease not renewed in time: pausing'));
    if (this.#leading) return;
    this.#leading = true;
    log.info(this.#about(), this.#everLed ? 'leading again' : 'leading');
    this.#everLed = true;
    observer?.leading?.();
  }

  #pause(why: string): void {
    this.#leading = false;
    this.#options.log.warn(this.#about(), why);
    this.#options.observer?.paused?.();
  }

  #lose(): 'lost' | 'goes on' {
    // A write that lost a race says nothing about who won; the next look does.
    if (this.#holder === '' || this.#holder === this.#options.identity) return 'goes on';
    if (this.#leading) this.#pause('somebody took the lease: pausing');
    this.#options.log.error({ ...this.#about(), holder: this.#holder }, 'lease lost to another holder');
    this.#options.observer?.lost?.(this.#holder);
    return 'lost';
  }

  async #release(): Promise<void> {
    if (!this.#wrote) return;
    const { client, namespace, name, identity, clock, log } = this.#options;
    try {
      await this.#within(RELEASE_TIMEOUT_MS, undefined, async (signal) => {
        // Read anew: a renewal that was cut off may have arrived all the same.
        const lease = await client.get<Lease>(leases, { namespace, name }, { signal });
        if (holderOf(lease) !== identity) return;
        await client.update<Lease>(leases, { ...lease, spec: released(lease.spec ?? {}, clock.now()) }, { signal });
        log.info(this.#about(), 'lease released');
      });
    } catch (error) {
      log.warn({ ...this.#about(), error: messageOf(error) }, 'lease not released: others wait until it expires');
    }
  }

  /** Runs `call` with a signal that aborts after `ms`, or with the outer one. */
  async #within<T>(ms: number, outer: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    outer?.throwIfAborted();
    const inner = new AbortController();
    const onAbort = (): void => inner.abort(outer?.reason);
    outer?.addEventListener('abort', onAbort, { once: true });
    const timer = this.#options.clock.setTimer(ms, () => inner.abort(new Error('no answer in time')));
    try {
      return await call(inner.signal);
    } finally {
      timer.cancel();
      outer?.removeEventListener('abort', onAbort);
    }
  }

  #about(): object {
    return { lease: `${this.#options.namespace}/${this.#options.name}`, identity: this.#options.identity };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
