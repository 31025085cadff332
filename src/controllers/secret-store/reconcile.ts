/**
 * One pass over one SecretStore or ClusterSecretStore: check what can be checked without anybody, open a session, ask it whether
 * its credentials work, and say what came out (`behaviour.md` 2). The session stays in the pool: whoever uses the store next finds
 * it open.
 */
import { parseDuration } from '../../api/duration.ts';
import { RE2JS } from 're2js';
import { checkStore, providerName, unavailableProvider } from '../../api/secret-store-checks.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../clock.ts';
import { ValidityUnknownError } from '../../providers/errors.ts';
import type { PoolStore, Session } from '../../providers/pool.ts';
import type { ProviderDeclaration, StoreKind, Validity } from '../../providers/provider.ts';
import { RetryAfterError } from '../../runtime/errors.ts';
import { LEAVING_POLL_MS, type IsLeaving } from '../leaving-namespace.ts';
import { isOurs, poolStoreOf, type StoreObject } from '../store-gate.ts';
import { isOutage } from '../outage.ts';
import { conditionFor, STORE_REASONS, writeStoreStatus, type StoreVerdict } from './status.ts';

export interface StoreEvents {
  valid(store: StoreObject, message: string): void;
  invalid(store: StoreObject, reason: string, message: string): void;
  /** `StoreUnmaintained` or `StoreDeprecated`. */
  maintenance(store: StoreObject, reason: string, message: string): void;
}

export interface StoreMetrics {
  reconciled(store: StoreObject, tookMs: number): void;
  ready(store: StoreObject, status: 'True' | 'False'): void;
  forget(key: string): void;
}

export interface StoreDeps {
  readonly kind: StoreKind;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly stores: { get(key: string): StoreObject | undefined };
  readonly isLeaving: IsLeaving;
  readonly controllerClass: string;
  /** `--store-requeue-interval` in milliseconds. */
  readonly requeueIntervalMs: number;
  readonly providers: readonly ProviderDeclaration[];
  readonly acquire: (store: PoolStore, namespace: string, signal: AbortSignal, urgent: boolean) => Promise<Session>;
  /** The store is gone: its sessions, references and memories go too. */
  readonly retire: (key: string) => void;
  readonly events: StoreEvents;
  readonly metrics: StoreMetrics;
  /** What was last told about maintenance, by store key. */
  readonly told: Map<string, string>;
}

export async function reconcileStore(
  deps: StoreDeps,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly requeueAfterMs?: number }> {
  const store = deps.stores.get(key);
  if (store === undefined) return forget(deps, key);
  if (!isOurs(store, deps.controllerClass)) return {};
  const isLeaving = (): boolean => deps.isLeaving(store.metadata.namespace ?? '');
  if (isLeaving()) return { requeueAfterMs: LEAVING_POLL_MS };
  const startedAt = deps.clock.now();
  const verdict = await judge(deps, store, signal);
  signal.throwIfAborted();
  // Its credentials go with its namespace: that says nothing against it.
  if (!verdict.ready && isLeaving()) return { requeueAfterMs: LEAVING_POLL_MS };
  if (!(await report(deps, store, verdict, signal))) return {};
  deps.metrics.reconciled(store, deps.clock.now() - startedAt);
  if (verdict.retry !== undefined) throw verdict.retry;
  return { requeueAfterMs: intervalOf(deps, store) };
}

async function judge(deps: StoreDeps, store: StoreObject, signal: AbortSignal): Promise<StoreVerdict> {
  const name = providerName(store);
  const declaration = deps.providers.find((provider) => provider.name === name);
  const { errors } = checkStore(deps.kind, store, {
    providers: deps.providers,
    compile: (pattern) => RE2JS.compile(pattern),
  });
  if (errors.length > 0) return hopeless(errors.join('; '));
  if (declaration === undefined) return hopeless(unavailableProvider(name ?? ''));
  return probe(deps, store, declaration, signal);
}

/** Nothing but a change of the store can help. */
function hopeless(message: string): StoreVerdict {
  return { ready: false, reason: STORE_REASONS.invalid, message, retry: undefined };
}

async function probe(
  deps: StoreDeps,
  store: StoreObject,
  declaration: ProviderDeclaration,
  signal: AbortSignal,
): Promise<StoreVerdict> {
  const { capabilities, maintenance, name } = declaration;
  const usable = (reason: string, message: string): StoreVerdict => ({
    ready: true,
    reason,
    message,
    capabilities,
    maintenance: { provider: name, maintenance },
    retry: undefined,
  });
  try {
    return usable(STORE_REASONS.valid, validMessage(await validate(deps, store, declaration, signal)));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ValidityUnknownError) return usable(STORE_REASONS.unknown, error.message);
    const message = error instanceof Error ? error.message : 'unknown error';
    return {
      ready: false,
      reason: STORE_REASONS.invalid,
      message,
      retry: isOutage(error) ? new RetryAfterError(message, OUTAGE_RETRY_MS, { cause: error }) : error,
    };
  }
}

/** An unreachable backend is asked again at this pace; what waits for it is woken as soon as it answers. */
const OUTAGE_RETRY_MS = 15_000;

async function validate(
  deps: StoreDeps,
  store: StoreObject,
  declaration: ProviderDeclaration,
  signal: AbortSignal,
): Promise<Validity> {
  const pooled = poolStoreOf(store, deps.kind);
  const spec = declaration.spec.parse(store.spec?.provider[declaration.name]);
  if (deps.kind === 'ClusterSecretStore' && declaration.dependsOnNamespace(spec)) return 'Unknown';
  const session = await deps.acquire(pooled, pooled.identity.namespace, signal, true);
  try {
    return await session.reader.validate(signal);
  } finally {
    session.release();
  }
}

function validMessage(validity: Validity): string {
  return validity === 'Ready'
    ? 'store validated'
    : 'store validated: its credentials belong to the namespaces that use it and are checked there';
}

/** @returns whether the store still exists. */
async function report(
  deps: StoreDeps,
  store: StoreObject,
  verdict: StoreVerdict,
  signal: AbortSignal,
): Promise<boolean> {
  const before = store.status?.conditions?.find((condition) => condition.type === 'Ready');
  const condition = conditionFor(verdict, before, deps.clock.now());
  deps.metrics.ready(store, condition.status);
  const isNews =
    before?.status !== condition.status || before.reason !== condition.reason || before.message !== condition.message;
  if (isNews) {
    if (verdict.reason === STORE_REASONS.valid) deps.events.valid(store, condition.message);
    else deps.events.invalid(store, condition.reason, condition.message);
  }
  tellMaintenance(deps, store, verdict);
  return writeStoreStatus(deps.client, deps.kind, store, condition, verdict.capabilities, signal);
}

const IGNORE_MAINTENANCE = 'external-secrets.io/ignore-maintenance-checks';

function tellMaintenance(deps: StoreDeps, store: StoreObject, verdict: StoreVerdict): void {
  const { maintenance } = verdict;
  if (maintenance === undefined || maintenance.maintenance === 'Maintained') return;
  if (store.metadata.annotations?.[IGNORE_MAINTENANCE] !== undefined) return;
  const reason = maintenance.maintenance === 'Deprecated' ? 'StoreDeprecated' : 'StoreUnmaintained';
  const key = store.metadata.uid;
  if (deps.told.get(key) === reason) return;
  deps.told.set(key, reason);
  const what = reason === 'StoreDeprecated' ? 'is deprecated and will be removed' : 'is not maintained';
  deps.events.maintenance(
    store,
    reason,
    `provider "${maintenance.provider}" ${what}; silence this with the annotation ${IGNORE_MAINTENANCE}`,
  );
}

function forget(deps: StoreDeps, key: string): { readonly requeueAfterMs?: number } {
  deps.retire(key);
  deps.metrics.forget(key);
  return {};
}

/** Seconds, a duration, or the operator's default. What does not parse was refused by the checks already. */
function intervalOf(deps: StoreDeps, store: StoreObject): number {
  const wanted = store.spec?.refreshInterval;
  const wantedMs = typeof wanted === 'number' ? wanted * 1000 : wanted === undefined ? 0 : parseDuration(wanted);
  const ms = wantedMs > 0 ? wantedMs : deps.requeueIntervalMs;
  // Spread, so that stores do not come in step; and a little early, so that a session which nobody else uses is never idle for
  // a whole default interval, which is when the pool would end it (D75).
  return Math.round(ms * (0.9 + 0.08 * deps.random()));
}
