/**
 * One pass over an object that uses generators, as far as something is left at backends:
 *
 *   generate … generate ─▶ record ─▶ (the values are written) ─▶ settle
 *        │                                     └─ failed ─▶ abandon
 *        └─ something could not be fetched ─▶ rollback
 *
 * `record` comes before the values are used, so that a crash leaves nothing nobody knows of; what served until now is given a deadline
 * only when the new values are in place. For generators without leases (all but VaultDynamicSecret) all of this does nothing.
 */
import type { GeneratorRef } from '../api/references.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../clock.ts';
import { UnreachableError } from '../kube/errors.ts';
import type { Log } from '../log.ts';
import type { SecretValue } from '../secret-value.ts';
import type { Generated, Lease } from './generator.ts';
import type { Leases } from './leases.ts';
import type { Manifest } from './resolve.ts';
import {
  createState,
  isInUse,
  outdated,
  ownerKey,
  OWNER_KEY,
  setDeadline,
  type Consumer,
  type StoredState,
} from './states.ts';

export type { Consumer } from './states.ts';

export interface GenerationDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly leases: Leases;
  /** From the cache, by the UID of their owner. */
  readonly statesOf: (owner: string) => readonly StoredState[];
  /** `--generator-gc-grace-period` in milliseconds. */
  readonly gracePeriodMs: number;
  readonly generate: (
    ref: GeneratorRef,
    namespace: string,
    signal: AbortSignal,
  ) => Promise<Generated & { readonly manifest: Manifest }>;
}

/** Real time: cleaning up happens also when the pass is over because the process is stopping. */
const CLEAN_UP_TIMEOUT_MS = 10_000;

interface Made {
  readonly slot: string;
  readonly manifest: Manifest;
  readonly lease: Lease;
}

export class Generation {
  readonly #deps: GenerationDeps;
  readonly #consumer: Consumer;
  readonly #keepsStates: boolean;
  readonly #made: Made[] = [];
  #created: readonly StoredState[] = [];

  /** `keepsStates` false: nothing is remembered, and what is left at backends ends there by itself. */
  constructor(deps: GenerationDeps, consumer: Consumer, keepsStates: boolean) {
    this.#deps = deps;
    this.#consumer = consumer;
    this.#keepsStates = keepsStates;
  }

  /**
   * New values. `slot` tells the generators of one consumer apart: the index in `dataFrom`, or `__pushsecret`.
   * @throws GeneratorError, ProviderError, KubeError
   */
  async generate(ref: GeneratorRef, slot: string, signal: AbortSignal): Promise<ReadonlyMap<string, SecretValue>> {
    const { values, lease, manifest } = await this.#deps.generate(ref, this.#consumer.namespace, signal);
    if (lease !== undefined) this.#made.push({ slot, manifest, lease });
    return values;
  }

  /**
   * The whole course: `fetch` calls {@link generate}, `use` puts the values in place.
   * @throws what either of them throws, after cleaning up as far as that is possible
   */
  async run<F, R>(
    fetch: () => Promise<F>,
    use: (fetched: F) => Promise<R>,
    signal: AbortSignal,
  ): Promise<{ readonly fetched: F; readonly result: R }> {
    const fetched = await this.#orRollBack(fetch);
    await this.record(signal);
    const result = await this.#orAbandon(() => use(fetched));
    await this.settle();
    return { fetched, result };
  }

  /** Everything was fetched: remembers what was made. @throws KubeError after taking it away again */
  async record(signal: AbortSignal): Promise<void> {
    if (!this.#keepsStates) return this.#drop();
    const { client, leases } = this.#deps;
    const consumer = this.#consumer;
    for (const { lease } of this.#made) leases.hold(lease, this.#about());
    const create = ({ slot, manifest, lease }: Made): Promise<StoredState> =>
      createState(client, { consumer, slot, resource: manifest, state: lease.state }, signal);
    const results = await Promise.allSettled(this.#made.map(create));
    this.#created = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    const untold = this.#made.filter((_, index) => results[index]?.status === 'rejected');
    for (const { lease } of untold) await this.#revoke(lease).catch(() => undefined);
    await this.abandon();
    throw failed.reason;
  }

  /** The new values are in place: what served before gets a deadline, also of entries that are no generators any more. Never throws. */
  async settle(): Promise<void> {
    const { statesOf, clock, gracePeriodMs } = this.#deps;
    if (!this.#keepsStates) return;
    const created = new Set(this.#created.map(({ metadata }) => metadata.uid));
    const renewed = new Set(this.#made.map(({ slot }) => ownerKey(this.#consumer, slot)));
    const before = statesOf(this.#consumer.uid).filter((state) => isInUse(state) && !created.has(state.metadata.uid));
    const bySlot = Map.groupBy(before, ({ metadata }) => metadata.labels?.[OWNER_KEY] ?? '');
    const ending = [...bySlot].flatMap(([slot, states]) => (renewed.has(slot) ? outdated(states) : states));
    await this.#end(ending, clock.now() + gracePeriodMs);
  }

  /** What was recorded did not come into use: it ends after the grace period, what served before goes on serving. Never throws. */
  async abandon(): Promise<void> {
    const { clock, gracePeriodMs } = this.#deps;
    await this.#end(this.#created, clock.now() + gracePeriodMs);
  }

  /** Not everything could be fetched: what was made is taken away at once, or by a GeneratorState that is due. Never throws. */
  async rollback(): Promise<void> {
    for (const made of this.#made.splice(0)) {
      try {
        await this.#revoke(made.lease);
      } catch (error) {
        await this.#leave(made, error);
      }
    }
  }

  async #leave({ slot, manifest, lease }: Made, cause: unknown): Promise<void> {
    const { client, clock, leases, log } = this.#deps;
    const about = { ...this.#about(), lease: lease.id };
    if (!this.#keepsStates) return lease.drop();
    leases.hold(lease, about);
    const made = { consumer: this.#consumer, slot, resource: manifest, state: lease.state, deadline: clock.now() };
    try {
      await createState(client, made, AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS));
    } catch (error) {
      leases.forget(lease.id);
      await lease.drop();
      log.warn({ ...about, error, cause }, 'what a generator made could not be taken away; it ends by itself');
    }
  }

  async #revoke(lease: Lease): Promise<void> {
    await lease.revoke(AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS));
    this.#deps.leases.forget(lease.id);
  }

  async #end(states: readonly StoredState[], deadline: number): Promise<void> {
    const { client, log } = this.#deps;
    const signal = AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS);
    for (const state of states) {
      try {
        await setDeadline(client, state, deadline, signal);
      } catch (error) {
        // The next refresh gives it one.
        log.warn({ ...this.#about(), generatorState: state.metadata.name, error }, 'a GeneratorState got no deadline');
      }
    }
  }

  async #orRollBack<T>(fetch: () => Promise<T>): Promise<T> {
    try {
      return await fetch();
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** When the API server cannot be reached, the values may be in place: then what was made stays. */
  async #orAbandon<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (!mayHaveWorked(error)) await this.abandon();
      throw error;
    }
  }

  async #drop(): Promise<void> {
    for (const { lease } of this.#made.splice(0)) await lease.drop();
  }

  #about(): object {
    const { kind, namespace, name } = this.#consumer;
    return { kind, namespace, name };
  }
}

function mayHaveWorked(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof Error && mayHaveWorked(error.cause));
}
