/**
 * Carries a plan out: one call per remote key with all its entries, all stores and keys at the same time (the session's limits hold them
 * back). What fails is collected, so that one failing store or key keeps no other from being written.
 */
import type { PushSecretData } from '../../api/push-secret.ts';
import type { Push, PushEntry, PushOutcome, PushSource } from '../../providers/provider.ts';
import { ProviderError, ThrottledError } from '../../providers/errors.ts';
import type { Session } from '../../providers/pool.ts';
import { messageOf } from '../failure.ts';
import { StoreUnusableError } from '../store-gate.ts';
import { convertData } from './convert.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { knownMetadataSpec, metadataSpec } from './metadata.ts';
import { statusEntryKey } from './names.ts';
import { dataOf, type PlannedEntry, type StorePlan } from './plan.ts';
import { PushProblem } from './problem.ts';
import type { TargetStore } from './stores.ts';
import type { Attempted } from './synced-entries.ts';

export interface Pushing {
  readonly deps: Deps;
  readonly gathered: Gathered;
  /** Names the sources in their versions and the templates: what a blind push last carried. */
  readonly fingerprint: string;
  /** A person asked for it: go to the backend even while its circuit is open (D57). */
  readonly urgent: boolean;
  readonly signal: AbortSignal;
}

export interface Pushed {
  /** Remote keys that were really written. */
  readonly written: readonly string[];
  /**
   * What is in the backends now, or may be. Not in it: what was there before us (`updatePolicy: IfNotExists` leaves it, and so do we for
   * ever), and stores that could not be opened.
   */
  readonly attempted: Attempted;
  /** Empty: everything is where it should be. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** Undefined: it is none of a store. */
  readonly store: string | undefined;
  readonly remoteKey: string | undefined;
  readonly error: unknown;
}

export function ofNoStore(error: PushProblem): Failure {
  return { store: undefined, remoteKey: undefined, error };
}

/** `beforeWriting` is told what is about to be there; nothing is written when it throws. */
export async function pushAll(
  pushing: Pushing,
  plans: readonly StorePlan[],
  beforeWriting: (attempted: Attempted) => Promise<void>,
): Promise<Pushed> {
  const planned = plans.filter(({ entries }) => entries.size > 0);
  const opened = await Promise.all(planned.map((plan) => openStore(pushing, plan)));
  const pushes = opened.filter((result) => result instanceof StorePush);
  const unopened = opened.flatMap((result) => (result instanceof StorePush ? [] : [result]));
  try {
    await Promise.all(pushes.map((push) => push.look()));
    pushing.signal.throwIfAborted();
    const attempted = new Map(pushes.map((push) => [push.key, push.attempted]));
    await beforeWriting(attempted);
    await Promise.all(pushes.map((push) => push.write()));
    pushing.signal.throwIfAborted();
    const failures = [...unopened, ...pushes.flatMap((push) => push.failures)];
    return { written: pushes.flatMap(({ written }) => written), attempted, failures };
  } finally {
    for (const push of pushes) push.release();
  }
}

async function openStore(pushing: Pushing, plan: StorePlan): Promise<StorePush | Failure> {
  const { deps, gathered, signal, urgent } = pushing;
  const { ref, key } = plan.store;
  try {
    const session = await deps.gate.open(ref, gathered.namespace, signal, urgent);
    if (session.client.push !== undefined) return new StorePush(pushing, plan, session);
    session.release();
    const error = new PushProblem('its provider cannot be written: name a SecretStore of another provider', READ_ONLY);
    return { store: key, remoteKey: undefined, error };
  } catch (error) {
    return { store: key, remoteKey: undefined, error };
  }
}

const READ_ONLY = { permanent: true } as const;

/** All pushes of one PushSecret to one store: first a look at what exists, then the writes. */
class StorePush {
  readonly written: string[] = [];
  readonly failures: Failure[] = [];
  readonly #pushing: Pushing;
  readonly #store: TargetStore;
  readonly #session: Session;
  /** By their keys in status; what is not to be written is taken out. */
  readonly #entries: Map<string, PlannedEntry>;

  constructor(pushing: Pushing, { store, entries }: StorePlan, session: Session) {
    this.#pushing = pushing;
    this.#store = store;
    this.#entries = new Map(entries);
    this.#session = session;
  }

  get key(): string {
    return this.#store.key;
  }

  get attempted(): ReadonlySet<string> {
    return new Set(this.#entries.keys());
  }

  release(): void {
    this.#session.release();
  }

  /** `IfNotExists`: what is there already is left out. */
  async look(): Promise<void> {
    if (this.#pushing.gathered.spec.updatePolicy !== 'IfNotExists') return;
    await Promise.all([...this.#entries].map(([key, entry]) => this.#lookAt(key, entry)));
  }

  async #lookAt(key: string, entry: PlannedEntry): Promise<void> {
    const { remoteKey, property } = entry;
    try {
      const { client } = this.#session;
      if (client.exists === undefined)
        throw new PushProblem(
          'updatePolicy IfNotExists: this provider cannot tell what exists; use Replace',
          READ_ONLY,
        );
      const exists = await this.#call(
        (signal) => client.exists!(remoteKey, property, signal, pushEntry(entry)),
        () => false,
      );
      if (exists) this.#entries.delete(key);
    } catch (error) {
      this.#entries.delete(key);
      this.#failed(remoteKey, error);
    }
  }

  async write(): Promise<void> {
    if (this.#isKnownBlindly()) return;
    const byKey = Map.groupBy(this.#entries.values(), ({ remoteKey }) => remoteKey);
    await Promise.all([...byKey].map(([remoteKey, alike]) => this.#pushKey(remoteKey, alike)));
    if (this.failures.length === 0) this.#noteBlindly();
  }

  async #pushKey(remoteKey: string, entries: readonly PlannedEntry[]): Promise<void> {
    try {
      for (const alike of Map.groupBy(entries, dataOf).values()) await this.#push(remoteKey, alike);
    } catch (error) {
      this.#failed(remoteKey, error);
    }
  }

  async #push(remoteKey: string, entries: readonly PlannedEntry[]): Promise<void> {
    const push = this.#pushOf(remoteKey, entries);
    const outcome = await this.#call<PushOutcome>(
      (signal) => this.#session.client.push!(push, signal),
      (result) => result !== 'unchanged',
    );
    if (outcome !== 'unchanged') this.written.push(remoteKey);
  }

  #pushOf(remoteKey: string, entries: readonly PlannedEntry[]): Push {
    const { deps, gathered, signal } = this.#pushing;
    const known = gathered.status?.syncedPushSecrets?.[this.#store.key] ?? {};
    return {
      remoteKey,
      entries: entries.map((entry) => pushEntry(entry, known[statusEntryKey(remoteKey, entry.property)])),
      source: contentOf(entries[0]!),
      keepsForeign: gathered.spec.updatePolicy === 'IfNotExists',
      readReference: async ({ kind, name, key }) =>
        (await deps.readTemplate(gathered.dependent, kind, name, key, signal)).revealText(),
    };
  }

  #call<T>(call: (signal: AbortSignal) => Promise<T>, changed: (result: T) => boolean): Promise<T> {
    const { signal, urgent } = this.#pushing;
    return this.#session.reader.change(call, changed, { signal, urgent });
  }

  /** A backend that cannot be compared with gets nothing twice (D31). */
  #isKnownBlindly(): boolean {
    const { client } = this.#session;
    return client.pushesBlindly === true && this.#pushing.gathered.record.blind.get(this.key) === this.#print();
  }

  #noteBlindly(): void {
    if (this.#session.client.pushesBlindly === true) this.#pushing.gathered.record.blind.set(this.key, this.#print());
  }

  #print(): string {
    return blindPrint(this.#pushing.fingerprint, this.#store);
  }

  #failed(remoteKey: string | undefined, error: unknown): void {
    this.failures.push({ store: this.key, remoteKey, error });
  }
}

/** What a blind push carried to a store: everything that decides about it, in its version. */
export function blindPrint(fingerprint: string, { object }: TargetStore): string {
  return `${fingerprint} ${object.metadata.uid} ${object.metadata.generation ?? 0}`;
}

function contentOf({ source, bundle, conversion }: PlannedEntry): PushSource {
  const { type, labels, annotations } = source;
  return { data: bundle ?? convertData(source.data, conversion), type, labels, annotations };
}

function pushEntry({ secretKey, property, metadata, where }: PlannedEntry, known?: PushSecretData): PushEntry {
  return {
    secretKey,
    property,
    previousMetadata: knownMetadataSpec(known?.metadata),
    // Only providers that use metadata look at it: for the others its form does not matter, as with the peer.
    get metadata() {
      return metadataSpec(metadata, where);
    },
  };
}

/** Enough to see the pattern; a condition is no log. */
const MOST_NAMED = 5;

/** @returns one problem that names every failing store and key; its cause decides about the retry. */
export function problemOf(failures: readonly Failure[]): PushProblem {
  const lines = failures.map(({ store, remoteKey, error }) => {
    const [kind, name] = store?.split('/') ?? [];
    const place = kind === undefined || error instanceof StoreUnusableError ? '' : `${kind} "${name}": `;
    return `${place}${remoteKey === undefined ? '' : `remote key "${remoteKey}": `}${messageOf(error)}`;
  });
  const distinct = [...new Set(lines)].sort();
  const more = distinct.length > MOST_NAMED ? `; and ${distinct.length - MOST_NAMED} more` : '';
  const errors = failures.map(({ error }) => error);
  return new PushProblem(`could not push: ${distinct.slice(0, MOST_NAMED).join('; ')}${more}`, {
    cause: decisive(errors),
    permanent: errors.every((error) => error instanceof PushProblem && error.permanent),
  });
}

/** What the backend asked of us (wait, come back) goes before everything else; then the first failure that may pass. */
export function decisive(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => error instanceof ThrottledError) ??
    errors.find((error) => error instanceof ProviderError) ??
    errors.find((error) => !(error instanceof PushProblem)) ??
    errors[0]
  );
}
