/**
 * Carries a plan out: one call per remote key with all its entries, all stores and keys at the same time (the session's limits hold them
 * back). What fails is collected, so that one failing store or key keeps no other from being written.
 */
import type { Push, PushEntry, PushOutcome, PushSource } from '../../providers/provider.ts';
import { ProviderError, ThrottledError } from '../../providers/errors.ts';
import type { Session } from '../../providers/pool.ts';
import { messageOf } from '../failure.ts';
import { StoreUnusableError } from '../store-gate.ts';
import { olderClaimant } from './claims.ts';
import { convertData } from './convert.ts';
import type { Deps } from './deps.ts';
import type { Gathered } from './gather.ts';
import { metadataSpec } from './metadata.ts';
import { statusEntryKey } from './names.ts';
import type { PlannedEntry, StorePlan } from './plan.ts';
import { PushProblem } from './problem.ts';
import type { TargetStore } from './stores.ts';

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
  /** Entries that existed before us, by store and key in status: `updatePolicy: IfNotExists` leaves them, and so do we for ever. */
  readonly found: ReadonlyMap<string, ReadonlySet<string>>;
  /** Empty: everything is where it should be. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly store: string;
  readonly remoteKey: string | undefined;
  readonly error: unknown;
}

export async function pushAll(pushing: Pushing, plans: readonly StorePlan[]): Promise<Pushed> {
  const results = await Promise.all(plans.map((plan) => pushToStore(pushing, plan)));
  pushing.signal.throwIfAborted();
  return {
    written: results.flatMap(({ written }) => written),
    found: new Map(plans.map(({ store }, index) => [store.key, results[index]!.found])),
    failures: results.flatMap(({ failures }) => failures),
  };
}

interface StoreResult {
  readonly written: readonly string[];
  readonly found: ReadonlySet<string>;
  readonly failures: readonly Failure[];
}

async function pushToStore(pushing: Pushing, plan: StorePlan): Promise<StoreResult> {
  const { deps, gathered, signal, urgent } = pushing;
  if (plan.entries.size === 0) return { written: [], found: new Set(), failures: [] };
  const { ref, key } = plan.store;
  let session: Session;
  try {
    session = await deps.gate.open(ref, gathered.namespace, signal, urgent);
  } catch (error) {
    return { written: [], found: new Set(), failures: [{ store: key, remoteKey: undefined, error }] };
  }
  try {
    return await new StorePush(pushing, plan, session).run();
  } finally {
    session.release();
  }
}

/** All pushes of one PushSecret to one store. */
class StorePush {
  readonly #pushing: Pushing;
  readonly #store: TargetStore;
  readonly #entries: readonly PlannedEntry[];
  readonly #session: Session;
  readonly #written: string[] = [];
  readonly #found = new Set<string>();
  readonly #failures: Failure[] = [];

  constructor(pushing: Pushing, plan: StorePlan, session: Session) {
    this.#pushing = pushing;
    this.#store = plan.store;
    this.#entries = [...plan.entries.values()];
    this.#session = session;
  }

  async run(): Promise<StoreResult> {
    if (this.#session.client.push === undefined) {
      this.#failed(undefined, new PushProblem('its provider cannot be written', { permanent: true }));
    } else {
      const free = this.#entries.filter((entry) => this.#isFree(entry));
      if (!this.#isKnownBlindly()) await this.#pushKeys(free);
    }
    return { written: this.#written, found: this.#found, failures: this.#failures };
  }

  async #pushKeys(entries: readonly PlannedEntry[]): Promise<void> {
    const byKey = Map.groupBy(entries, ({ remoteKey }) => remoteKey);
    await Promise.all([...byKey].map(([remoteKey, alike]) => this.#pushKey(remoteKey, alike)));
    if (this.#failures.length === 0) this.#noteBlindly();
  }

  async #pushKey(remoteKey: string, entries: readonly PlannedEntry[]): Promise<void> {
    try {
      const wanted = await this.#withoutExisting(entries);
      for (const alike of Map.groupBy(wanted, sourceOf).values()) await this.#push(remoteKey, alike);
    } catch (error) {
      this.#failed(remoteKey, error);
    }
  }

  /** Entries that an older PushSecret keeps are left out and told; the others go on. */
  #isFree(entry: PlannedEntry): boolean {
    const { deps, gathered } = this.#pushing;
    const older = olderClaimant(deps, gathered.ps, this.#store, entry);
    if (older === undefined) return true;
    const who =
      older.metadata.namespace === gathered.namespace
        ? `PushSecret "${older.metadata.name}"`
        : 'a PushSecret of another namespace';
    const place = entry.property === undefined ? '' : `property "${entry.property}": `;
    const message = `${place}${who} is older and pushes there; use another remote key or property`;
    this.#failed(entry.remoteKey, new PushProblem(message, { permanent: true }));
    return false;
  }

  /** `IfNotExists`: drops what is there already. */
  async #withoutExisting(entries: readonly PlannedEntry[]): Promise<readonly PlannedEntry[]> {
    if (this.#pushing.gathered.spec.updatePolicy !== 'IfNotExists') return entries;
    const { client } = this.#session;
    if (client.exists === undefined)
      throw new PushProblem('updatePolicy IfNotExists: this provider cannot tell what exists', { permanent: true });
    const wanted: PlannedEntry[] = [];
    for (const entry of entries) {
      const { remoteKey, property } = entry;
      const exists = await this.#call(
        (signal) => client.exists!(remoteKey, property, signal),
        () => false,
      );
      if (exists) this.#found.add(statusEntryKey(remoteKey, property));
      else wanted.push(entry);
    }
    return wanted;
  }

  async #push(remoteKey: string, entries: readonly PlannedEntry[]): Promise<void> {
    const push = this.#pushOf(remoteKey, entries);
    const outcome = await this.#call<PushOutcome>(
      (signal) => this.#session.client.push!(push, signal),
      (result) => result !== 'unchanged',
    );
    if (outcome !== 'unchanged') this.#written.push(remoteKey);
  }

  #pushOf(remoteKey: string, entries: readonly PlannedEntry[]): Push {
    const { deps, gathered, signal } = this.#pushing;
    return {
      remoteKey,
      entries: entries.map(pushEntry),
      source: contentOf(entries[0]!),
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
    return client.pushesBlindly === true && this.#pushing.gathered.record.blind.get(this.#store.key) === this.#print();
  }

  #noteBlindly(): void {
    if (this.#session.client.pushesBlindly === true)
      this.#pushing.gathered.record.blind.set(this.#store.key, this.#print());
  }

  #print(): string {
    return blindPrint(this.#pushing.fingerprint, this.#store);
  }

  #failed(remoteKey: string | undefined, error: unknown): void {
    this.#failures.push({ store: this.#store.key, remoteKey, error });
  }
}

/** What a blind push carried to a store: everything that decides about it, in its version. */
export function blindPrint(fingerprint: string, { object }: TargetStore): string {
  return `${fingerprint} ${object.metadata.uid} ${object.metadata.generation ?? 0}`;
}

/** Entries that can go in one call: those that take their keys out of the same data. */
function sourceOf({ source, bundle, conversion, where }: PlannedEntry): string {
  return JSON.stringify([source.name, conversion, bundle === undefined ? '' : where]);
}

function contentOf({ source, bundle, conversion }: PlannedEntry): PushSource {
  const { type, labels, annotations } = source;
  return { data: bundle ?? convertData(source.data, conversion), type, labels, annotations };
}

function pushEntry({ secretKey, property, metadata, where }: PlannedEntry): PushEntry {
  return {
    secretKey,
    property,
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
    const [kind, name] = store.split('/');
    const place = error instanceof StoreUnusableError ? '' : `${kind} "${name}": `;
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
