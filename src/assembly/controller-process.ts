/**
 * The controller process: its controllers, its servers, and the order in which they run (the manager's). What they are built of is in
 * `core.ts`.
 */
import type { ControllerOptions } from '../options.ts';
import type { Controller } from '../runtime/controller.ts';
import { runManager, type Part } from '../runtime/manager.ts';
import { VERSION } from '../version.ts';
import { buildCore, type Core, type ProcessDeps } from './core.ts';
import { externalSecretController } from './external-secrets.ts';
import { fanOutControllers } from './fan-out.ts';
import { buildGeneratorStateController } from './generator-states.ts';
import { electionPart } from './election.ts';
import { pushControllers } from './push.ts';
import { buildServers } from './servers.ts';
import { buildStoreController } from './stores.ts';

export type { ProcessDeps } from './core.ts';

export interface RunningController {
  /** Empty when the metrics server is switched off. */
  readonly metricsUrl: string;
  readonly healthUrl: string;
  /** Stops in order; resolves when everything has ended. */
  stop(): Promise<void>;
  /** Exit code, once the process has nothing left to do: 0 after a stop, 1 when it cannot go on. */
  readonly exited: Promise<0 | 1>;
}

/** Starts everything; resolves when the servers listen. @throws Error when there is no API server to talk to. */
export async function startController(options: ControllerOptions, deps: ProcessDeps = {}): Promise<RunningController> {
  const core = await buildCore(options, deps);
  core.log.info({ version: VERSION }, 'starting');
  for (const note of options.notes) core.log.info({}, note);
  const controllers = buildControllers(core);
  observe(core, controllers);
  const { metrics, health } = buildServers(options, { ...core, log: core.named('server'), watches: core.caches.all });
  const abort = new AbortController();
  const exited = run(core, controllers, [health, ...(metrics === undefined ? [] : [metrics])], abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort(new DOMException('stopping', 'AbortError'));
    await exited;
  };
  const metricsUrl = metrics === undefined ? '' : `${await metrics.url}/metrics`;
  return { metricsUrl, healthUrl: await health.url, stop, exited };
}

function buildControllers(core: Core): readonly Controller[] {
  const { caches, options } = core;
  const { secretStore, clusterSecretStore } = options.reconcilers;
  return [
    ...(secretStore ? [buildStoreController(core, 'SecretStore', caches.secretStores)] : []),
    ...(clusterSecretStore && caches.clusterSecretStores !== undefined
      ? [buildStoreController(core, 'ClusterSecretStore', caches.clusterSecretStores)]
      : []),
    externalSecretController(core),
    buildGeneratorStateController(core),
    ...pushControllers(core),
    ...fanOutControllers(core),
  ];
}

function observe({ caches, metrics }: Core, controllers: readonly Controller[]): void {
  for (const controller of controllers) metrics.watchController(controller);
  for (const watch of caches.all) metrics.watchProgress(watch.resource.plural, () => watch.state);
}

async function run(
  core: Core,
  controllers: readonly Controller[],
  servers: readonly Part[],
  signal: AbortSignal,
): Promise<0 | 1> {
  const { caches, client, clock, generators, manifests, named, options, pool, recorder, templates } = core;
  const { enabled, id: name, ...periods } = options.leaderElection;
  const lease = { ...core, ...periods, name, log: named('lease') };
  const election = enabled ? { election: electionPart(lease) } : {};
  const closing = (name: string, close: () => Promise<void>): Part => ({
    name,
    run: (ended) => afterEnd(ended).then(close),
  });
  try {
    return await runManager(
      {
        servers,
        background: [
          closing('client pool', () => pool.close()),
          ...(manifests === undefined ? [] : [closing('watches of other targets', () => manifests.close())]),
          closing('leases', () => generators.leases.close()),
          closing('template workers', () => templates.close()),
          { name: 'event recorder', run: (ended) => recorder.run(ended) },
        ],
        caches: caches.all.map((watch) => ({
          name: watch.resource.plural,
          run: (ended) => watch.run(ended),
          synced: (ended) => watch.synced(ended),
        })),
        controllers,
        ...election,
      },
      { signal, clock, log: named('manager') },
    );
  } finally {
    await client.close();
  }
}

function afterEnd(ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ended.aborted) resolve();
    ended.addEventListener('abort', () => resolve(), { once: true });
  });
}
