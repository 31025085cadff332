/**
 * What the cluster shows of targets that are no Secrets: which kinds there are, and one metadata-only watch for each kind that is in
 * use. A watch starts with its first user and ends with its last.
 */
import type { Clock } from '../../../clock.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { Informer } from '../../../kube/informer.ts';
import { apiVersionOf, keyOf, objectKey, type ObjectKey, type Resource } from '../../../kube/types.ts';
import type { Log } from '../../../log.ts';
import type { TargetView } from '../target-view.ts';
import { viewManifest } from './content-fields.ts';
import { KindDiscovery, type KindName } from './kind-discovery.ts';

/** Where an object of any kind is: the key of the index of ExternalSecrets by target. */
export function manifestKey({ apiVersion, kind }: KindName, object: ObjectKey): string {
  return `${apiVersion} ${kind} ${object}`;
}

export interface ManifestsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** `--namespace`; undefined: all. */
  readonly namespace: string | undefined;
  /** Does any ExternalSecret write the object with this {@link manifestKey}? What nobody writes is not kept. */
  readonly isTarget: (key: string) => boolean;
}

/** `current` undefined: gone. May only enqueue. */
export type ManifestListener = (current: TargetView | undefined, key: string) => void;

interface Watch {
  readonly informer: Informer<TargetView>;
  readonly users: Set<ObjectKey>;
  readonly stop: AbortController;
}

export class Manifests {
  readonly kinds: KindDiscovery;
  readonly #options: ManifestsOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #watchOf = new Map<ObjectKey, string>();
  readonly #listeners: ManifestListener[] = [];
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ManifestsOptions) {
    this.#options = options;
    this.kinds = new KindDiscovery(options.client);
  }

  onChange(listener: ManifestListener): void {
    this.#listeners.push(listener);
  }

  /** How many kinds are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /**
   * The target `name` of the ExternalSecret `user`, whose kind is watched from now on.
   * @returns undefined when there is none. Until the watch has listed its objects, it is read.
   */
  async view(
    user: ObjectKey,
    resource: Resource,
    name: { readonly namespace: string; readonly name: string },
    read: () => Promise<TargetView | undefined>,
  ): Promise<TargetView | undefined> {
    const { informer } = this.#use(user, resource);
    if (!informer.hasSynced) return read();
    return informer.store.get(objectKey(name.namespace, name.name));
  }

  /** The ExternalSecret `user` is gone or writes something else now. */
  release(user: ObjectKey): void {
    const id = this.#watchOf.get(user);
    if (id === undefined) return;
    this.#watchOf.delete(user);
    const watch = this.#watches.get(id)!;
    watch.users.delete(user);
    if (watch.users.size > 0) return;
    this.#watches.delete(id);
    watch.stop.abort(new DOMException('no longer in use', 'AbortError'));
  }

  /** Ends the watches; resolves when they have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const user of this.#watchOf.keys()) this.release(user);
    await Promise.all(this.#running);
  }

  #use(user: ObjectKey, resource: Resource): Watch {
    const id = `${apiVersionOf(resource)} ${resource.kind}`;
    if (this.#watchOf.get(user) !== id) this.release(user);
    const watch = this.#watches.get(id) ?? this.#start(id, resource);
    watch.users.add(user);
    this.#watchOf.set(user, id);
    return watch;
  }

  #start(id: string, resource: Resource): Watch {
    const { isTarget, ...common } = this.#options;
    const keyed = (key: ObjectKey): string =>
      manifestKey({ apiVersion: apiVersionOf(resource), kind: resource.kind }, key);
    const informer = new Informer<TargetView>({
      ...common,
      resource,
      metadataOnly: true,
      transform: (object) => (isTarget(keyed(keyOf(object))) ? viewManifest(object) : undefined),
    });
    informer.addHandler((_previous, current, key) => {
      for (const listener of this.#listeners) listener(current, keyed(key));
    });
    const watch: Watch = { informer, users: new Set(), stop: new AbortController() };
    this.#watches.set(id, watch);
    if (!this.#closed) this.#keep(informer.run(watch.stop.signal), resource);
    return watch;
  }

  #keep(running: Promise<void>, resource: Resource): void {
    const ended: Promise<void> = running
      .catch((error: unknown) => {
        const text = error instanceof Error ? error.message : 'not an Error';
        this.#options.log.error({ resource: resource.plural, error: text }, 'watch ended');
      })
      .finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }
}
