/**
 * Runs generators on behalf of consumers: finds the object that is named, gives it surroundings in the consumer's namespace, bounds how
 * many run at the same time, and knows the leases that came of it.
 */
import type { GeneratorState } from '../api/generators/generator-state.ts';
import type { GeneratorRef } from '../api/references.ts';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Log } from '../log.ts';
import type { ApiCallObserver, ClusterAccess, ProviderEnvironment, StoreIdentity } from '../providers/provider.ts';
import { Slots } from '../providers/slots.ts';
import { confined } from './access.ts';
import { GeneratorError } from './errors.ts';
import { Generation } from './generation.ts';
import type { Generated, GeneratorContext, Lease } from './generator.ts';
import { Leases } from './leases.ts';
import { resolveGenerator, runnable, type Manifest, type ResolvedGenerator } from './resolve.ts';
import type { Consumer, StoredState } from './states.ts';

export interface GeneratorsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: ProviderEnvironment;
  readonly observe: ApiCallObserver;
  /** Reads the cluster for a generator in the eyes of its consumer's namespace. */
  readonly access: (generator: NamedGenerator, store: StoreIdentity, signal: AbortSignal) => ClusterAccess;
  /** `--controller-class`. */
  readonly controllerClass: string;
  /** GeneratorStates in the cache by the UID of their owner. */
  readonly statesOf: (owner: string) => readonly StoredState[];
  /** `--enable-generator-state`. PushSecrets keep states in any case. */
  readonly keepsStates: boolean;
  /** `--generator-gc-grace-period` in milliseconds. */
  readonly gracePeriodMs: number;
  /** Generators that run at the same time. Default 32. */
  readonly concurrency?: number;
}

/** A generator as a reference names it, used from `namespace`. */
export interface NamedGenerator {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

const DEFAULT_CONCURRENCY = 32;
/** Generators whose spec may name a controller class, or may hold one that does. */
const CLASSED: ReadonlySet<string> = new Set([
  'Fake',
  'VaultDynamicSecret',
  'BeyondtrustWorkloadCredentialsDynamicSecret',
  'ClusterGenerator',
]);

export class Generators {
  readonly leases: Leases;
  readonly #options: GeneratorsOptions;
  readonly #slots: Slots;

  constructor(options: GeneratorsOptions) {
    this.#options = options;
    this.leases = new Leases(options.clock, options.log);
    this.#slots = new Slots(options.concurrency ?? DEFAULT_CONCURRENCY);
  }

  /** For one pass over `consumer`; see {@link Generation} for what to call when. */
  begin(consumer: Consumer): Generation {
    const { client, clock, log, statesOf, gracePeriodMs, keepsStates } = this.#options;
    const generate = (ref: GeneratorRef, namespace: string, signal: AbortSignal) =>
      this.#generate(ref, namespace, signal);
    return new Generation(
      { client, clock, log, leases: this.leases, statesOf, gracePeriodMs, generate },
      consumer,
      keepsStates || consumer.kind === 'PushSecret',
    );
  }

  /** True when the generator is there and belongs to another controller class. Other problems are {@link Generation.generate}'s. */
  async isForeign(ref: GeneratorRef, namespace: string, signal: AbortSignal): Promise<boolean> {
    if (!CLASSED.has(ref.kind)) return false;
    try {
      const { manifest } = await resolveGenerator(this.#options.client, ref, namespace, signal);
      const { controller = '' } = (manifest.spec ?? {}) as { readonly controller?: string };
      return controller !== '' && controller !== this.#options.controllerClass;
    } catch (error) {
      if (error instanceof GeneratorError) return false;
      throw error;
    }
  }

  /** The lease that a GeneratorState tells of. @throws GeneratorError when this build knows nothing of such states */
  async leaseOf({ spec, metadata }: GeneratorState): Promise<Lease> {
    const known = this.leases.get(idOf(spec?.state));
    if (known !== undefined) return known;
    const manifest = manifestOf(spec?.resource);
    const { declaration, spec: parsed } = runnable(manifest);
    const { restore } = await declaration.load();
    if (restore === undefined)
      throw new GeneratorError(`generator ${manifest.kind} leaves nothing that has to be taken away`);
    const object = { kind: manifest.kind, uid: metadata.uid ?? '', generation: 0 };
    const namespace = metadata.namespace ?? '';
    return restore(parsed, spec?.state, (signal) => this.#context({ manifest, object }, namespace, signal));
  }

  async #generate(
    ref: GeneratorRef,
    namespace: string,
    signal: AbortSignal,
  ): Promise<Generated & { readonly manifest: Manifest }> {
    const resolved = await resolveGenerator(this.#options.client, ref, namespace, signal);
    const { declaration, spec } = runnable(resolved.manifest);
    const module = await declaration.load();
    await this.#slot(signal);
    try {
      const generated = await module.generate(spec, this.#context(resolved, namespace, signal));
      return { ...generated, manifest: resolved.manifest };
    } finally {
      this.#slots.giveBack();
    }
  }

  async #slot(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#slots.tryTake()) return;
      await new Promise<void>((resolve) => this.#slots.whenFree(resolve));
    }
  }

  #context({ manifest, object }: ResolvedGenerator, namespace: string, signal: AbortSignal): GeneratorContext {
    const { access, clock, environment, observe } = this.#options;
    const { name } = manifest.metadata;
    const store: StoreIdentity = {
      kind: 'SecretStore',
      namespace,
      name,
      uid: object.uid,
      generation: object.generation,
    };
    const cluster = access({ kind: object.kind, name, namespace }, store, signal);
    return {
      store,
      namespace,
      cluster: confined(cluster, `${object.kind} "${name}"`, namespace),
      clock,
      environment,
      observe,
      signal,
    };
  }
}

export function idOf(state: unknown): string {
  const { id } = Object(state) as { readonly id?: unknown };
  return typeof id === 'string' ? id : '';
}

/** @throws GeneratorError */
export function manifestOf(resource: unknown): Manifest {
  const { kind, metadata } = Object(resource) as Partial<Manifest>;
  if (typeof kind === 'string' && typeof metadata?.name === 'string') return resource as Manifest;
  throw new GeneratorError('spec.resource is no generator');
}
