/**
 * The leases of this process: renews each in time, and finds it again when it is to be taken away. Nothing is taken away by itself,
 * neither when a lease is idle nor at shutdown (D1).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Lease } from './generator.ts';

/** Real time for one round of renewals. */
const RENEWAL_TIMEOUT_MS = 60_000;
const SHORTEST_PAUSE_MS = 1000;

interface Held {
  readonly lease: Lease;
  /** For the log: whose it is. */
  readonly about: object;
  timer: Timer | undefined;
}

export class Leases {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #held = new Map<string, Held>();
  readonly #stopping = new AbortController();
  readonly #renewals = new Set<Promise<void>>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#held.size;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  get(id: string): Lease | undefined {
    return this.#held.get(id)?.lease;
  }

  /** Keeps the lease alive from now on. `about` says in the log whose it is. */
  hold(lease: Lease, about: object): void {
    if (this.#stopping.signal.aborted) return void lease.drop();
    const held: Held = { lease, about, timer: undefined };
    this.#held.set(lease.id, held);
    this.#arm(held);
  }

  /** It was taken away, or is nobody's business any more. */
  forget(id: string): void {
    this.#held.get(id)?.timer?.cancel();
    this.#held.delete(id);
  }

  /** Stops renewing. What is held stays as it is at its backend. */
  async close(): Promise<void> {
    this.#stopping.abort(new DOMException('stopping', 'AbortError'));
    for (const { timer } of this.#held.values()) timer?.cancel();
    await Promise.all(this.#renewals);
    await Promise.all([...this.#held.values()].map(({ lease }) => lease.drop()));
    this.#held.clear();
  }

  #arm(held: Held): void {
    const ms = held.lease.renewInMs();
    if (ms === undefined || this.#held.get(held.lease.id) !== held || this.#stopping.signal.aborted) return;
    held.timer = this.#clock.setTimer(Math.max(ms, SHORTEST_PAUSE_MS), () => {
      const renewal = this.#renew(held).finally(() => this.#renewals.delete(renewal));
      this.#renewals.add(renewal);
    });
  }

  async #renew(held: Held): Promise<void> {
    const { lease, about } = held;
    try {
      await lease.renew(AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(RENEWAL_TIMEOUT_MS)]));
      if (lease.renewInMs() === undefined) this.#log.warn({ ...about, lease: lease.id }, NO_LONGER);
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#log.warn({ ...about, lease: lease.id, error }, 'a lease was not renewed');
    }
    this.#arm(held);
  }
}

const NO_LONGER = 'the backend renews a lease no longer: the credential ends when the life that is left is over';
