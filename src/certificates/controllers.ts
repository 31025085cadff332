/**
 * The three controllers of the cert-controller and what wakes them:
 *
 *     Secrets ──▶ certificate ──writes──▶ Secret ──▶ webhook configurations, definitions ──▶ certificate
 *
 * The circle ends when every client trusts the bundle and the server certificate is good.
 */
import { customResourceDefinitions, validatingWebhookConfigurations } from '../api/resources.ts';
import type { Clock } from '../clock.ts';
import type { KubeClient, ObjectName } from '../kube/client.ts';
import { AlreadyExistsError, ConflictError, TooManyRequestsError, UnreachableError } from '../kube/errors.ts';
import type { EventSubject } from '../kube/events.ts';
import type { Log } from '../log.ts';
import { Controller, type Reconcile } from '../runtime/controller.ts';
import type { ControllerObserver } from '../runtime/observer.ts';
import { LANES } from '../runtime/work-queue.ts';
import type { CertificateCaches } from './caches.ts';
import { carries, type Injected } from './injection.ts';
import { Injections } from './injections.ts';
import { Injector } from './injector.ts';
import { CertificateKeeper } from './keeper.ts';

export interface CertificateControllerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observe: (controller: string) => ControllerObserver;
  readonly caches: CertificateCaches;
  readonly secret: ObjectName;
  readonly authoritySecret: ObjectName;
  readonly service: Injected['service'];
  readonly crdNames: readonly string[];
  /** `--crd-requeue-interval` in milliseconds. */
  readonly intervalMs: number;
  readonly onInjectionFailure: (about: EventSubject, message: string) => void;
}

/** The certificate controller has only this one key. */
const CERTIFICATE = 'webhook';

export class CertificateControllers {
  readonly definitions = new Injections();
  readonly configurations = new Injections();
  readonly all: readonly Controller[];
  readonly #options: CertificateControllerOptions;
  readonly #injector: Injector;
  readonly #keeper: CertificateKeeper;
  readonly #certificate: Controller;
  readonly #definition: Controller;
  readonly #configuration: Controller;

  constructor(options: CertificateControllerOptions) {
    this.#options = options;
    const { service } = options;
    this.#injector = new Injector({
      ...options,
      definitions: this.definitions,
      configurations: this.configurations,
      onFailure: options.onInjectionFailure,
    });
    this.#keeper = new CertificateKeeper({
      ...options,
      dnsName: `${service.name}.${service.namespace}.svc`,
      isEverywhere: (bundle) => this.#isEverywhere(bundle),
    });
    this.#certificate = this.#controller('certificate', (_key, { signal }) => this.#keep(signal));
    this.#definition = this.#injecting(customResourceDefinitions.kind, (name, signal) => this.#define(name, signal));
    this.#configuration = this.#injecting(validatingWebhookConfigurations.kind, (name, signal) =>
      this.#injector.configuration(name, signal),
    );
    this.all = [this.#certificate, this.#definition, this.#configuration];
    this.#listen();
  }

  #listen(): void {
    const { caches, crdNames } = this.#options;
    this.#certificate.enqueue(CERTIFICATE, LANES.first);
    for (const name of crdNames) this.#definition.enqueue(name, LANES.first);
    for (const cache of caches.secrets) cache.addHandler(() => this.#secretChanged());
    caches.definitions.addHandler((_previous, _current, name) => this.#definition.enqueue(name, LANES.woken));
    caches.configurations.addHandler((_previous, _current, name) => {
      this.#configuration.enqueue(name, LANES.woken);
      this.#certificate.enqueue(CERTIFICATE, LANES.woken);
    });
  }

  #secretChanged(): void {
    this.#certificate.enqueue(CERTIFICATE, LANES.first);
    for (const name of this.#options.crdNames) this.#definition.enqueue(name, LANES.woken);
    for (const { metadata } of this.#options.caches.configurations.store.list()) {
      this.#configuration.enqueue(metadata.name, LANES.woken);
    }
  }

  async #keep(signal: AbortSignal): Promise<{ requeueAfterMs: number }> {
    const soonMs = await this.#keeper.reconcile(signal);
    return { requeueAfterMs: Math.min(soonMs ?? Infinity, this.#options.intervalMs) };
  }

  async #define(name: string, signal: AbortSignal): Promise<void> {
    const before = this.definitions.get(name);
    await this.#injector.definition(name, signal);
    if (this.definitions.get(name)?.bundle !== before?.bundle) this.#certificate.enqueue(CERTIFICATE, LANES.woken);
  }

  /** What was read back counts, not what was written; definitions without conversion call nobody. */
  #isEverywhere(bundle: string): boolean {
    const configurations = [...this.#options.caches.configurations.store.list()];
    return (
      configurations.every((configuration) => carries(configuration, bundle)) &&
      this.definitions.all().every((attempt) => attempt.needless || attempt.bundle === bundle)
    );
  }

  #injecting(kind: string, inject: (name: string, signal: AbortSignal) => Promise<void>): Controller {
    return this.#controller(kind.toLowerCase(), async (name, { signal }) => {
      await inject(name, signal);
      return { requeueAfterMs: this.#options.intervalMs };
    });
  }

  #controller(name: string, reconcile: Reconcile): Controller {
    const { clock, random, log, observe } = this.#options;
    return new Controller({
      name,
      reconcile,
      clock,
      random,
      log: log.child({ logger: name }),
      concurrency: 1,
      observer: observe(name),
      errors: { isConflict, isOutage },
    });
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof ConflictError || error instanceof AlreadyExistsError;
}

function isOutage(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TooManyRequestsError;
}
