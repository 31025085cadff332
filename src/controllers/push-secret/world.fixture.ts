/** A backend that behaves, an API server in memory, and a list of what was told: the world of the PushSecret's unit tests. */
import type { PushSecret, PushSecretSpec } from '../../api/push-secret.ts';
import { pushSecrets, secrets, secretStores } from '../../api/resources.ts';
import { silentLog } from '../../log.ts';
import { splitKey, type KubeObject, type Stored } from '../../kube/types.ts';
import { MutableStore } from '../../kube/store.ts';
import type { Push, PushOutcome, PushSource } from '../../providers/provider.ts';
import type { Session } from '../../providers/pool.ts';
import { SecretValue } from '../../secret-value.ts';
import { FakeKube } from '../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { tellFailure } from '../failure.ts';
import { storeKey, type StoreObject, type StoreRef } from '../store-gate.ts';
import type { ObjectRef } from '../synced-object.ts';
import type { Deps, StoredPushSecret } from './deps.ts';
import { pushSecretIndexes } from './indexes.ts';
import { Records } from './records.ts';
import { reconcile, type PassOutcome } from './reconcile.ts';

type SpecInput = Partial<Omit<PushSecretSpec, 'data' | 'dataTo' | 'secretStoreRefs'>> & {
  readonly data?: readonly object[];
  readonly dataTo?: readonly object[];
  readonly secretStoreRefs?: readonly object[];
};

/** One backend per store: property → value by remote key; the whole value stands under ''. */
export class Backend {
  readonly values = new Map<string, Map<string, string>>();
  readonly calls: string[] = [];
  /** What came with each push. */
  readonly sources: PushSource[] = [];
  error: Error | undefined;
  blind = false;
  hangs = false;
  /** Happens in the middle of a pass, before the value is written. */
  onPush: ((remoteKey: string) => void) | undefined;

  get writes(): number {
    return this.calls.filter((call) => /^(created|updated|removed)/.test(call)).length;
  }

  push(push: Push): PushOutcome {
    this.onPush?.(push.remoteKey);
    this.sources.push(push.source);
    if (this.error !== undefined) throw this.error;
    const before = this.values.get(push.remoteKey);
    const next = new Map(before);
    for (const { secretKey, property = '' } of push.entries) next.set(property, textOf(push, secretKey));
    const isSame = before !== undefined && !this.blind && JSON.stringify([...before]) === JSON.stringify([...next]);
    const outcome = isSame ? 'unchanged' : before === undefined ? 'created' : 'updated';
    this.values.set(push.remoteKey, next);
    this.calls.push(`${outcome} ${push.remoteKey}`);
    return outcome;
  }

  remove({ remoteKey, entries }: Pick<Push, 'remoteKey' | 'entries'>): void {
    if (this.error !== undefined) throw this.error;
    const value = this.values.get(remoteKey);
    for (const { property = '' } of entries) value?.delete(property);
    if (value?.size === 0) this.values.delete(remoteKey);
    this.calls.push(`removed ${remoteKey}`);
  }

  exists(remoteKey: string, property = ''): boolean {
    if (this.error !== undefined) throw this.error;
    return this.values.get(remoteKey)?.has(property) === true;
  }

  value(remoteKey: string, property = ''): string | undefined {
    return this.values.get(remoteKey)?.get(property);
  }
}

function textOf({ source }: Push, secretKey: string | undefined): string {
  if (secretKey !== undefined) return source.data.get(secretKey)!.revealText();
  return JSON.stringify(Object.fromEntries([...source.data].map(([key, value]) => [key, value.revealText()])));
}

export class World {
  readonly clock = new ManualClock();
  readonly kube = new FakeKube({ clock: this.clock });
  readonly told: string[] = [];
  readonly watched = new Set<string>();
  readonly backends = new Map<string, Backend>();
  /** By name of a store: which backend it leads to, and as whom. Default: each to its own. */
  readonly places = new Map<string, string>();
  /** Stores that cannot be opened, by name. */
  readonly broken = new Map<string, Error>();
  records = new Records();
  terminating = false;
  /** What the cache shows of that. */
  leaving = false;
  deps: Deps;

  constructor() {
    this.deps = this.#deps();
  }

  backend(name = 'store'): Backend {
    let backend = this.backends.get(name);
    if (backend === undefined) this.backends.set(name, (backend = new Backend()));
    return backend;
  }

  /** `spec` adds to the spec, e.g. `{ controller: 'other' }`. */
  store(name = 'store', metadata: Partial<KubeObject['metadata']> = {}, spec: object = {}): void {
    const before = this.kube.peek(secretStores, { namespace: 'ci', name });
    const object = { ...before, metadata: { ...before?.metadata, namespace: 'ci', name, ...metadata } };
    this.kube.put(secretStores, Object.assign(object, { spec: { provider: { fake: { data: [] } }, ...spec } }));
  }

  secret(name: string, data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): void {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    const before = this.kube.peek(secrets, { namespace: 'ci', name });
    const metadata = { ...before?.metadata, namespace: 'ci', name, labels };
    const object = { metadata, type: 'Opaque', data: Object.fromEntries(encoded) as object };
    this.kube.put(secrets, object);
  }

  removeSecret(name: string): void {
    this.kube.remove(secrets, { namespace: 'ci', name });
  }

  /** A PushSecret `ci/<name>` of the Secret `build-key`; what is not said is as the API server's defaults have it. */
  apply(spec: SpecInput, name = 'push', metadata: Partial<KubeObject['metadata']> = {}): void {
    const before = this.kube.peek(pushSecrets, { namespace: 'ci', name });
    const defaults = {
      refreshInterval: '1h',
      secretStoreRefs: [{ kind: 'SecretStore', name: 'store' }],
      updatePolicy: 'Replace',
      deletionPolicy: 'None',
      selector: { secret: { name: 'build-key' } },
    };
    const object = { ...before, metadata: { ...before?.metadata, namespace: 'ci', name, ...metadata } };
    this.kube.put(pushSecrets, Object.assign(object, { spec: { ...defaults, ...spec } }));
  }

  get(name = 'push'): Stored<PushSecret> | undefined {
    return this.kube.peek<PushSecret>(pushSecrets, { namespace: 'ci', name });
  }

  /** As the runtime does it: a failure is told with the time of the next attempt. */
  async run(name = 'push', signal = new AbortController().signal): Promise<PassOutcome> {
    try {
      return await reconcile(this.deps, `ci/${name}`, signal);
    } catch (error) {
      tellFailure(this.records.peek(`ci/${name}`), 1_000, (object, text) => this.deps.events.failed(object, text));
      throw error;
    }
  }

  ready(name = 'push'): string {
    const [condition] = this.get(name)?.status?.conditions ?? [];
    return condition === undefined ? 'none' : `${condition.status} ${condition.reason}: ${condition.message}`;
  }

  /** Remote keys by store, as the status tells. */
  synced(name = 'push'): Record<string, readonly string[]> {
    const stores = Object.entries(this.get(name)?.status?.syncedPushSecrets ?? {});
    return Object.fromEntries(stores.map(([store, entries]) => [store, Object.keys(entries)]));
  }

  /** The process forgets everything, as after a restart. */
  restart(): void {
    this.records = new Records();
    this.deps = this.#deps();
  }

  #deps(): Deps {
    const tell =
      (reason: string) =>
      (_object: ObjectRef | string, message: string): void =>
        void this.told.push(`${reason}: ${message}`);
    return {
      client: this.kube,
      clock: this.clock,
      log: silentLog,
      heartbeatMs: 60_000,
      pushSecrets: {
        get: (key) => this.kube.peek<PushSecret>(pushSecrets, named(key)),
        byIndex: (index, value) => this.#indexed().byIndex(index, value),
      },
      stores: {
        find: (ref, namespace) => this.#find(ref, namespace),
        all: (kind, namespace) =>
          kind === 'ClusterSecretStore'
            ? []
            : this.kube.objects<StoreObject>(secretStores).filter(({ metadata }) => metadata.namespace === namespace),
        isOurs: ({ spec }) => (spec?.controller ?? 'default') === 'default',
        placeOf: (ref, namespace) => this.places.get(ref.name) ?? storeKey(ref, namespace),
      },
      gate: { open: async (ref) => this.#session(ref) },
      generators: {
        begin: () => generation(),
        isForeign: async () => false,
      } as unknown as Deps['generators'],
      engine: {
        render: async (source) => Buffer.from(`<${Buffer.from(source).toString()}>`),
        parseKeysAndValues: () => new Map(),
      },
      renderKey: async (template, key) => template.replace('{{ .value }}', key),
      readTemplate: async () => SecretValue.ofText('text'),
      watchSource: (_dependent, secret) => void this.watched.add(secret),
      isLeaving: () => this.leaving,
      isTerminating: async () => this.terminating,
      records: this.records,
      events: {
        synced: tell('Synced'),
        sourceDeleted: tell('SourceDeleted'),
        failed: tell('Errored'),
        leftBehind: tell('Left'),
      },
      metrics: { started: () => {}, finished: () => {}, ready: () => {}, forget: () => {} },
      forgetDependencies: () => {},
    };
  }

  #indexed(): MutableStore<StoredPushSecret> {
    const store = new MutableStore<StoredPushSecret>(pushSecretIndexes);
    for (const ps of this.kube.objects<PushSecret>(pushSecrets))
      store.set(`${ps.metadata.namespace}/${ps.metadata.name}`, ps.metadata.resourceVersion, ps);
    return store;
  }

  #find({ name }: StoreRef, namespace: string): StoreObject | undefined {
    return this.kube.peek<StoreObject>(secretStores, { namespace, name });
  }

  #session({ name }: StoreRef): Session {
    const error = this.broken.get(name);
    if (error !== undefined) throw error;
    const backend = this.backend(name);
    const hold = async <T>(signal: AbortSignal, work: () => T): Promise<T> => {
      if (backend.hangs)
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      return work();
    };
    return {
      client: {
        push: (push: Push, signal: AbortSignal) => hold(signal, () => backend.push(push)),
        remove: (removal: Push, signal: AbortSignal) => hold(signal, () => backend.remove(removal)),
        exists: async (remoteKey: string, property: string | undefined) => backend.exists(remoteKey, property),
        pushesBlindly: backend.blind,
      },
      reader: {
        change: (call: (signal: AbortSignal) => Promise<unknown>, _: unknown, { signal }: { signal: AbortSignal }) =>
          call(signal),
      },
      release: () => {},
    } as unknown as Session;
  }
}

/** A generator that makes another password each time. */
let made = 0;
function generation(): unknown {
  return {
    generate: async () => new Map([['password', SecretValue.ofText(`p${++made}`)]]),
    run: async <T>(fetch: () => Promise<T>, use: (fetched: T) => Promise<unknown>) => use(await fetch()),
  };
}

function named(key: string): { namespace: string; name: string } {
  const { namespace = '', name } = splitKey(key);
  return { namespace, name };
}

/** One entry of `data`. */
export function entry(secretKey: string | undefined, remoteKey: string, property?: string, more: object = {}): object {
  const remoteRef = { remoteKey, ...(property === undefined ? {} : { property }) };
  return {
    match: { ...(secretKey === undefined ? {} : { secretKey }), remoteRef },
    conversionStrategy: 'None',
    ...more,
  };
}
