/**
 * Collects everything the decisions need into one value: the object, what we remember of it, the stores as the cache shows them. Reads
 * caches only.
 */
import { parseDuration } from '../../api/duration.ts';
import type { PushSecretSpec, PushSecretStatus } from '../../api/push-secret.ts';
import type { Dependent } from '../../tenancy/references.ts';
import { versionOf } from '../external-secret/hash.ts';
import { messageOf } from '../failure.ts';
import { refOf, type ObjectRef } from '../synced-object.ts';
import { latestStatus } from '../written-status.ts';
import type { Deps, StoredPushSecret } from './deps.ts';
import { PushProblem } from './problem.ts';
import type { PushRecord } from './records.ts';

export interface Gathered {
  readonly ps: StoredPushSecret;
  readonly object: ObjectRef;
  readonly spec: PushSecretSpec;
  readonly namespace: string;
  /** The version string of the object as it is now. */
  readonly version: string;
  /** The status as it is known to be stored, be it from the cache or from our own last write. */
  readonly status: PushSecretStatus | undefined;
  readonly record: PushRecord;
  readonly intervalMs: number;
  readonly dependent: Dependent;
  /** What it pushed is to be removed when it is no longer wanted. */
  readonly cleansUp: boolean;
  /** Nothing can be done until the object changes. */
  readonly problem: PushProblem | undefined;
}

/** As the API server's defaults would have it; an object without spec passes every schema. */
const EMPTY_SPEC: PushSecretSpec = {
  refreshInterval: '1h0m0s',
  secretStoreRefs: [],
  updatePolicy: 'Replace',
  deletionPolicy: 'None',
  selector: {},
};

export function gather(deps: Pick<Deps, 'records'>, key: string, ps: StoredPushSecret): Gathered {
  const { namespace = '', name } = ps.metadata;
  const spec = ps.spec ?? EMPTY_SPEC;
  const record = deps.records.of(key, ps);
  const problem = problemOf(spec);
  return {
    ps,
    object: refOf(ps, key),
    spec,
    namespace,
    version: versionOf(ps.metadata),
    status: latestStatus(ps, record),
    record,
    intervalMs: intervalOf(spec),
    dependent: { kind: 'PushSecret', namespace, name, consumerNamespace: '' },
    cleansUp: spec.deletionPolicy === 'Delete',
    problem: problem === undefined ? undefined : new PushProblem(problem, { permanent: true }),
  };
}

function problemOf({ selector, refreshInterval }: PushSecretSpec): string | undefined {
  if (selector.secret === undefined && selector.generatorRef === undefined)
    return 'spec.selector needs secret or generatorRef: it says what is pushed';
  try {
    parseDuration(refreshInterval);
    return undefined;
  } catch (error) {
    return `spec.refreshInterval: ${messageOf(error)}`;
  }
}

const FALLBACK_INTERVAL_MS = 3_600_000;

/** An interval that cannot be read is one of the problems; until it is mended the object is looked at hourly. */
function intervalOf({ refreshInterval }: PushSecretSpec): number {
  try {
    return parseDuration(refreshInterval);
  } catch {
    return FALLBACK_INTERVAL_MS;
  }
}
