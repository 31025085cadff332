/**
 * The one way to read through a session. Askers come one by one; the reader makes as few calls to the backend as it can:
 *
 *   read(ref) → shared value? → already asked for? → queue ──window or full batch──▶ client.read(≤ batchSize refs)
 *
 * It shares only within its session, that is within one authenticated identity. One asker's abort, and one bad ref,
 * concern nobody else. Errors are given to those who waited and are never kept.
 */
import type { Clock, Timer } from '../clock.ts';
import type { SecretValue } from '../secret-value.ts';
import { CallGate } from './call-gate.ts';
import { BackendUnavailableError, InvalidRefError, isOutage } from './errors.ts';
import type { FindQuery, ReadOutcome, ReadRef, SecretsClient, Validity } from './provider.ts';
import { SharedTask } from './shared-task.ts';
import { SharedValues } from './shared-values.ts';
import type { Slots } from './slots.ts';

export interface ReadOptions {
  /** Epoch milliseconds. A value whose read was sent earlier is not served. */
  readonly notBefore: number;
  /** A person asked for it: go to the backend even while its circuit is open (D57). Default false. */
  readonly urgent?: boolean | undefined;
  /** How long a batch may wait for company on its account; default 10 ms. Longer where many will come and nobody waits. */
  readonly patienceMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** `direct`: a call for this value alone. `batched`: with others in one call. `shared`: somebody else's read. */
export type ReadKind = 'direct' | 'batched' | 'shared';

export interface ReaderOptions {
  readonly clock: Clock;
  readonly random?: (() => number) | undefined;
  /** Counts served reads by how they were served. */
  readonly observe?: ((kind: ReadKind) => void) | undefined;
  /** Called when the identity's circuit closes again. */
  readonly onRecovered?: (() => void) | undefined;
  /** Calls at the same time under this identity; default 8. */
  readonly concurrency?: number | undefined;
  /** Calls at the same time of all identities together; default: no common limit. */
  readonly common?: Slots | undefined;
}

const DEFAULT_PATIENCE_MS = 10;
const DEFAULT_CONCURRENCY = 8;

interface Entry {
  readonly key: string;
  readonly ref: ReadRef;
  readonly task: SharedTask<SecretValue>;
  urgent: boolean;
  /** When the read was sent; undefined while it is queued. */
  sentAt: number | undefined;
  call: Call | undefined;
}

interface Call {
  readonly entries: readonly Entry[];
  readonly controller: AbortController;
}

export class SecretsReader {
  readonly #client: SecretsClient;
  readonly #options: ReaderOptions;
  readonly #clock: Clock;
  readonly #gate: CallGate;
  readonly #shared: SharedValues;
  /** What was asked for and is not answered yet, by key: queued or sent. */
  readonly #pending = new Map<string, Entry>();
  readonly #finds = new Map<string, SharedTask<ReadonlyMap<string, SecretValue>>>();
  readonly #closing = new AbortController();
  #queue: Entry[] = [];
  #window: { readonly timer: Timer; readonly endsAt: number } | undefined;
  /** Asked to come back by the gate: a stable function, so that the gate holds it once. */
  readonly #pumpAll = (): void => this.#pump(this.#window === undefined);

  constructor(client: SecretsClient, options: ReaderOptions) {
    const { clock, random = Math.random, onRecovered, concurrency = DEFAULT_CONCURRENCY, common } = options;
    this.#client = client;
    this.#options = options;
    this.#clock = clock;
    this.#gate = new CallGate({ clock, random, concurrency, common, onRecovered });
    this.#shared = new SharedValues(clock);
  }

  get circuitOpen(): boolean {
    return this.#gate.circuitOpen;
  }

  /**
   * Reads one whole value.
   * @throws ProviderError (CircuitOpenError while the backend is left alone), or the signal's reason.
   */
  async read(ref: ReadRef, options: ReadOptions): Promise<SecretValue> {
    options.signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const key = keyOf(this.#plain(ref));
    const shared = this.#shared.get(key, options.notBefore);
    if (shared !== undefined) {
      this.#options.observe?.('shared');
      return shared;
    }
    const pending = this.#pending.get(key);
    if (pending !== undefined && (pending.sentAt ?? Infinity) >= options.notBefore) {
      pending.urgent ||= options.urgent === true;
      if (this.#window !== undefined) this.#openWindow(options);
      const value = await pending.task.join(options.signal);
      this.#options.observe?.('shared');
      return value;
    }
    if (options.urgent !== true) this.#gate.admit();
    const entry = this.#enqueue(key, ref, options.urgent === true);
    const value = entry.task.join(options.signal);
    this.#schedule(options);
    const result = await value;
    this.#options.observe?.(entry.call !== undefined && entry.call.entries.length > 1 ? 'batched' : 'direct');
    return result;
  }

  /** Searches. Equal searches under way are shared; results are not kept. @throws ProviderError */
  async find(
    query: FindQuery,
    options: Pick<ReadOptions, 'urgent' | 'signal'>,
  ): Promise<ReadonlyMap<string, SecretValue>> {
    const client = this.#client;
    if (client.find === undefined) throw new InvalidRefError('this backend cannot search: find is not supported');
    this.#closing.signal.throwIfAborted();
    const key = JSON.stringify([query.path, query.nameRegexp, Object.entries(query.tags ?? {})]);
    let task = this.#finds.get(key);
    if (task === undefined) {
      if (options.urgent !== true) this.#gate.admit();
      task = this.#startFind(key, (signal) => client.find!(query, signal));
    }
    return task.join(options.signal);
  }

  /** Proves that the credentials work. Passes an open circuit, and closes it if it asks what reads ask. @throws ProviderError */
  async validate(signal: AbortSignal): Promise<Validity> {
    const validate = (): Promise<Validity> => this.#client.validate(AbortSignal.any([signal, this.#closing.signal]));
    return this.#client.validatesElsewhere === true ? validate() : this.#gate.learn(validate);
  }

  /**
   * Makes one call that may change something, under the same limits as reads. When `changed` says that it did, values read before are not
   * shared any more.
   * @throws ProviderError (CircuitOpenError while the backend is left alone), or the signal's reason
   */
  async change<T>(
    call: (signal: AbortSignal) => Promise<T>,
    changed: (result: T) => boolean,
    options: Pick<ReadOptions, 'urgent' | 'signal'>,
  ): Promise<T> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    signal.throwIfAborted();
    if (options.urgent !== true) this.#gate.admit();
    await this.#gate.enter(signal);
    const result = await this.#gate.run(() => call(signal));
    if (changed(result)) this.#shared.clear();
    return result;
  }

  /** Fails everything under way and frees all values. The client is not closed: the session does that. */
  close(reason: Error = new DOMException('the session was closed', 'AbortError')): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(reason);
    this.#closeWindow();
    this.#gate.close();
    this.#shared.clear();
    for (const entry of this.#pending.values()) entry.task.reject(reason);
    this.#pending.clear();
    this.#queue = [];
  }

  #enqueue(key: string, ref: ReadRef, urgent: boolean): Entry {
    const task = new SharedTask<SecretValue>(() => this.#abandon(entry));
    const entry: Entry = { key, ref: this.#plain(ref), task, urgent, sentAt: undefined, call: undefined };
    this.#pending.set(key, entry);
    this.#queue.push(entry);
    return entry;
  }

  /** What the backend is asked: callers also name the property they will look up in the value. */
  #plain({ key, version, metadataPolicy, property }: ReadRef): ReadRef {
    return { key, version, metadataPolicy, ...(this.#client.readsProperty === true ? { property } : {}) };
  }

  #schedule(options: ReadOptions): void {
    const alone = this.#client.batchSize <= 1;
    if (alone || this.#queue.length >= this.#client.batchSize) this.#pump(alone);
    if (this.#queue.length > 0 && !alone) this.#openWindow(options);
  }

  /** Who is in a hurry shortens the window for all. */
  #openWindow({ patienceMs: ms = DEFAULT_PATIENCE_MS }: ReadOptions): void {
    const endsAt = this.#clock.now() + ms;
    if (this.#window !== undefined && this.#window.endsAt <= endsAt) return;
    this.#closeWindow();
    const timer = this.#clock.setTimer(ms, () => {
      this.#window = undefined;
      this.#pump(true);
    });
    this.#window = { timer, endsAt };
  }

  #closeWindow(): void {
    this.#window?.timer.cancel();
    this.#window = undefined;
  }

  /** Sends what may be sent now: full batches always, the rest when its window has passed. */
  #pump(windowPassed: boolean): void {
    const enough = windowPassed ? 1 : this.#client.batchSize;
    while (this.#queue.length >= enough) {
      if (!this.#gate.tryEnter(this.#pumpAll)) return;
      this.#send(this.#queue.splice(0, Math.max(1, this.#client.batchSize)));
    }
    if (this.#queue.length === 0) this.#closeWindow();
  }

  #send(entries: readonly Entry[]): void {
    const call: Call = { entries, controller: new AbortController() };
    const sentAt = this.#clock.now();
    for (const entry of entries) {
      entry.sentAt = sentAt;
      entry.call = call;
    }
    const signal = AbortSignal.any([call.controller.signal, this.#closing.signal]);
    const refs = entries.map((entry) => entry.ref);
    this.#gate
      .run(() => this.#client.read(refs, signal), outageOfAll)
      .then((outcomes) => entries.forEach((entry, index) => this.#settle(entry, outcomes[index])))
      .catch((error: unknown) => this.#fail(entries, error))
      .finally(this.#pumpAll);
  }

  #settle(entry: Entry, outcome: ReadOutcome | undefined): void {
    this.#forget(entry);
    if (outcome === undefined) {
      entry.task.reject(
        new BackendUnavailableError(`the backend gave no answer for key ${JSON.stringify(entry.ref.key)}`, {
          toOthers: 'the backend gave no answer for some of the keys it was asked for',
        }),
      );
    } else if (outcome.ok) {
      this.#shared.put(entry.key, outcome.value, entry.sentAt!);
      entry.task.resolve(outcome.value);
    } else {
      this.#shared.forget(entry.key);
      entry.task.reject(this.#told(entry, outcome.error));
    }
  }

  #fail(entries: readonly Entry[], error: unknown): void {
    for (const entry of entries) {
      this.#forget(entry);
      entry.task.reject(this.#told(entry, error));
    }
    if (isOutage(error)) this.#refuseQueued();
  }

  /** A probe that fails is told what all others were told; who was in a hurry hears what the backend said now. */
  #told(entry: Entry, error: unknown): unknown {
    return isOutage(error) && !entry.urgent && this.#gate.circuitOpen ? this.#gate.refusal() : error;
  }

  /** After an outage or a throttle, what is still queued need not wait to hear the same. */
  #refuseQueued(): void {
    const refusal = this.#gate.refusal();
    if (refusal === undefined) return;
    const refused = this.#queue.filter((entry) => !entry.urgent);
    this.#queue = this.#queue.filter((entry) => entry.urgent);
    for (const entry of refused) {
      this.#forget(entry);
      entry.task.reject(refusal);
    }
  }

  /** Nobody waits for this entry: unqueue it, or end its call when it was the last one in it that mattered. */
  #abandon(entry: Entry): void {
    this.#queue = this.#queue.filter((queued) => queued !== entry);
    const { call } = entry;
    if (call === undefined) this.#forget(entry);
    else if (call.entries.every(({ task }) => task.askers === 0)) {
      for (const abandoned of call.entries) this.#forget(abandoned);
      call.controller.abort(new DOMException('nobody waits for this call', 'AbortError'));
    }
  }

  #forget(entry: Entry): void {
    if (this.#pending.get(entry.key) === entry) this.#pending.delete(entry.key);
  }

  #startFind(
    key: string,
    find: (signal: AbortSignal) => Promise<ReadonlyMap<string, SecretValue>>,
  ): SharedTask<ReadonlyMap<string, SecretValue>> {
    const controller = new AbortController();
    const task = new SharedTask<ReadonlyMap<string, SecretValue>>(() => {
      if (this.#finds.get(key) === task) this.#finds.delete(key);
      controller.abort(new DOMException('nobody waits for this search', 'AbortError'));
    });
    this.#finds.set(key, task);
    const signal = AbortSignal.any([controller.signal, this.#closing.signal]);
    this.#gate
      .enter(signal)
      .then(() => this.#gate.run(() => find(signal)))
      .then(
        (found) => task.resolve(found),
        (error: unknown) => task.reject(error),
      )
      .finally(() => this.#finds.get(key) === task && this.#finds.delete(key));
    return task;
  }
}

/** An outage when every single ref met one: the client reads one by one, but the backend is gone all the same. */
function outageOfAll(outcomes: readonly ReadOutcome[]): unknown {
  const [first] = outcomes;
  if (first === undefined || first.ok) return undefined;
  return outcomes.every((outcome) => !outcome.ok && isOutage(outcome.error)) ? first.error : undefined;
}

/** Refs with equal keys are one read. */
function keyOf(ref: ReadRef): string {
  return JSON.stringify([ref.key, ref.version ?? '', ref.metadataPolicy ?? 'None', ref.property ?? '']);
}
