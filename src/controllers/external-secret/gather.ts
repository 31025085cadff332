/**
 * Collects everything the decisions need into one value: the object, what we remember of it, its target as the cache shows
 * it. Reads caches only.
 */
import { parseDuration } from '../../api/duration.ts';
import type { GeneratorRef } from '../../api/references.ts';
import { checkExternalSecret, checkGenerators } from '../../api/external-secret-checks.ts';
import type { ExternalSecret, ExternalSecretStatus } from '../../api/external-secret.ts';
import { unavailableGenerators } from '../../generators/index.ts';
import type { Dependent } from '../../tenancy/references.ts';
import { objectKey } from '../../kube/types.ts';
import { storeKey, type StoreRef } from '../store-gate.ts';
import { refOf, type ObjectRef } from '../synced-object.ts';
import { latestStatus } from '../written-status.ts';
import type { CreationPolicy, Owner } from './build-target.ts';
import type { Deps, StoredExternalSecret } from './deps.ts';
import { generatorOf, storeRefOf } from './fetch.ts';
import { versionOf } from './hash.ts';
import type { KindName } from './manifest/kind-discovery.ts';
import { Problem } from './problem.ts';
import type { SyncRecord } from './records.ts';
import type { RefreshSpec } from './refresh.ts';
import { isThisExternalSecret } from './build-target.ts';
import type { TargetView } from './target-view.ts';

type Spec = NonNullable<ExternalSecret['spec']>;

export interface Gathered {
  readonly es: StoredExternalSecret;
  readonly object: ObjectRef;
  readonly spec: Spec;
  readonly namespace: string;
  readonly targetName: string;
  readonly owner: Owner;
  /** The version string of the object as it is now. */
  readonly version: string;
  /** The status as it is known to be stored, be it from the cache or from our own last write. */
  readonly status: ExternalSecretStatus | undefined;
  readonly refresh: RefreshSpec;
  readonly record: SyncRecord;
  readonly view: TargetView | undefined;
  readonly dependent: Dependent;
  /** Another kind than Secret that the target is of. */
  readonly manifest: KindName | undefined;
  /** The Secret still carries an owner reference that the creation policy no longer wants (D59). */
  readonly mustRelease: boolean;
  /** Nothing can be done until the object changes. */
  readonly problem: Problem | undefined;
}

/** `not ours`: another operator's, by controller class or by a switched-off store kind. It gets no status at all. */
export function gather(deps: Deps, key: string, es: StoredExternalSecret): Gathered | 'not ours' {
  const { namespace = '', name, uid } = es.metadata;
  const refs = storeRefsOf(es);
  if (!isOurs(deps, es, refs, namespace)) return 'not ours';
  const spec = es.spec ?? EMPTY_SPEC;
  const record = deps.records.of(key, es);
  const status = latestStatus(es, record);
  const targetName = targetNameOf(es);
  const { manifest } = spec.target;
  const view = manifest === undefined ? deps.targets.get(objectKey(namespace, targetName)) : undefined;
  const creationPolicy: CreationPolicy = spec.target.creationPolicy;
  const owner = { namespace, name, uid, creationPolicy };
  return {
    es,
    object: refOf(es, key),
    spec,
    namespace,
    targetName,
    owner,
    version: versionOf(es.metadata),
    status,
    refresh: refreshSpecOf(spec, namespace),
    record,
    view,
    manifest,
    dependent: { kind: 'ExternalSecret', namespace, name, consumerNamespace: '' },
    mustRelease:
      creationPolicy !== 'Owner' && view?.controller !== undefined && isThisExternalSecret(owner, view.controller),
    problem: problemOf(es),
  };
}

/** An object without spec passes every schema; it is told what is missing like any other invalid one. */
const EMPTY_SPEC: Spec = { target: { creationPolicy: 'Owner', deletionPolicy: 'Retain' }, refreshInterval: '1h0m0s' };

export function targetNameOf(es: StoredExternalSecret): string {
  return es.spec?.target.name ?? es.metadata.name;
}

/** Every store the object names, its default first. */
export function storeRefsOf(es: ExternalSecret): readonly StoreRef[] {
  const entries = [...(es.spec?.data ?? []), ...(es.spec?.dataFrom ?? [])];
  const refs = [es.spec?.secretStoreRef, ...entries.map((entry) => entry.sourceRef?.storeRef)];
  return refs.filter((ref) => ref !== undefined && ref.name !== undefined).map(storeRefOf);
}

/** Every generator that is run for the object. */
export function generatorRefsOf(es: Pick<ExternalSecret, 'spec'>): readonly GeneratorRef[] {
  return (es.spec?.dataFrom ?? []).map(generatorOf).filter((ref) => ref !== undefined);
}

/** What objects that should be refreshed together share. */
export function waveOf(spec: Spec, namespace: string): string {
  return spec.secretStoreRef === undefined ? namespace : storeKey(storeRefOf(spec.secretStoreRef), namespace);
}

function isOurs(deps: Deps, es: ExternalSecret, refs: readonly StoreRef[], namespace: string): boolean {
  if (!deps.settings.clusterStores && es.spec?.secretStoreRef?.kind === 'ClusterSecretStore') return false;
  return !refs.some((ref) => deps.gate.isForeign(ref, namespace));
}

export function refreshSpecOf(spec: Spec, namespace: string): RefreshSpec {
  const { refreshPolicy: policy = 'Periodic', syncWindows } = spec;
  // Nothing is gained by generating together, and a value that was just made must not be made again early.
  const wave = generatorRefsOf({ spec }).length > 0 ? undefined : waveOf(spec, namespace);
  return { policy, intervalMs: intervalOf(spec), waveOf: wave, syncWindows };
}

const FALLBACK_INTERVAL_MS = 3_600_000;

/** An interval that cannot be read is one of the problems; until it is mended the object is looked at hourly. */
function intervalOf(spec: Spec): number {
  try {
    return parseDuration(spec.refreshInterval);
  } catch {
    return FALLBACK_INTERVAL_MS;
  }
}

function problemOf(es: ExternalSecret): Problem | undefined {
  const errors = [...checkExternalSecret(es), ...checkGenerators(es, unavailableGenerators)];
  return errors.length === 0 ? undefined : new Problem('spec', errors.join('; '), { permanent: true });
}
