/** Is an ExternalSecret read as often as it asks for? By the reconciler's own rules, on what its status tells. */
import { durationProblem, parseDuration } from '../../api/duration.ts';
import type { PushSecret } from '../../api/push-secret.ts';
import type { StoredExternalSecret } from '../../controllers/external-secret/deps.ts';
import { refreshSpecOf } from '../../controllers/external-secret/gather.ts';
import { versionOf } from '../../controllers/external-secret/hash.ts';
import { nextRead, type RefreshSpec } from '../../controllers/external-secret/refresh.ts';
import { permits } from '../../controllers/external-secret/sync-windows.ts';
import type { Stored } from '../../kube/types.ts';
import { fail, lasting, ok, type Step } from './step.ts';

const WHAT = 'refresh';
/** Clocks of machines, and what a refresh takes. */
const SLACK_MS = 15_000;
/** The operator's default `--status-heartbeat`: a refresh time is not written more often. */
const HEARTBEAT_MS = 60_000;

/** `now` in epoch ms. */
export function refreshStep(es: StoredExternalSecret, now: number): Step {
  const { refreshTime, syncedResourceVersion = '' } = es.status ?? {};
  const readAt = Date.parse(refreshTime ?? '');
  if (es.spec === undefined || Number.isNaN(readAt)) return ok(WHAT, 'never synced yet');
  const spec = refreshSpecOf(es.spec, es.metadata.namespace ?? '');
  const read = `last ${lasting(now - readAt)} ago`;
  if (isNeverRepeated(spec)) {
    const { generation = 0 } = es.metadata;
    const isOld = !syncedResourceVersion.startsWith(`${generation}-`);
    return isOld ? frozen(es.spec) : ok(WHAT, `${read}, and only once: ${reasonOf(es.spec)}`);
  }
  if (syncedResourceVersion !== versionOf(es.metadata) && now - readAt > SLACK_MS) return unpicked(read);
  if (spec.policy === 'OnChange') return ok(WHAT, `${read}; again when the object changes (refreshPolicy OnChange)`);
  return periodic(spec, read, readAt, now);
}

function periodic(spec: RefreshSpec, read: string, readAt: number, now: number): Step {
  const each = `every ${lasting(spec.intervalMs)}, ${read}`;
  if (!permits(spec.syncWindows, now).permitted) return ok(WHAT, `${each}; waits for its sync window`);
  const late = now - overdueFrom(spec, readAt);
  if (late <= 0) return ok(WHAT, each);
  return fail(WHAT, `overdue: ${each}`, 'see whether an operator runs and what its log says about this object');
}

/** When (epoch ms) something last read at `readAt` counts as late: by a tenth of its interval, as the metric `externalsecret_overdue`. */
export function overdueFrom(spec: RefreshSpec, readAt: number): number {
  const unwritten = spec.intervalMs < HEARTBEAT_MS ? HEARTBEAT_MS : 0;
  return nextRead(spec, readAt) + spec.intervalMs / 10 + unwritten + SLACK_MS;
}

/** Read by interval, and late. `now` in epoch ms. */
export function isOverdue({ spec, status, metadata }: StoredExternalSecret, now: number): boolean {
  const readAt = Date.parse(status?.refreshTime ?? '');
  if (spec === undefined || Number.isNaN(readAt)) return false;
  const refresh = refreshSpecOf(spec, metadata.namespace ?? '');
  const isPeriodic = refresh.policy === 'Periodic' && refresh.intervalMs > 0;
  return isPeriodic && permits(refresh.syncWindows, now).permitted && now > overdueFrom(refresh, readAt);
}

/** The same for a PushSecret. */
export function isPushOverdue({ spec, status }: Stored<PushSecret>, now: number): boolean {
  const pushedAt = Date.parse(status?.refreshTime ?? '');
  if (spec === undefined || Number.isNaN(pushedAt) || durationProblem('', spec.refreshInterval).length > 0)
    return false;
  const intervalMs = parseDuration(spec.refreshInterval);
  return intervalMs > 0 && now > overdueFrom({ policy: 'Periodic', intervalMs, waveOf: undefined }, pushedAt);
}

function isNeverRepeated({ policy, intervalMs }: RefreshSpec): boolean {
  return policy === 'CreatedOnce' || (policy === 'Periodic' && intervalMs <= 0);
}

function reasonOf({ refreshPolicy, refreshInterval }: NonNullable<StoredExternalSecret['spec']>): string {
  return refreshPolicy === 'CreatedOnce' ? 'refreshPolicy CreatedOnce' : `refreshInterval ${refreshInterval}`;
}

function frozen(spec: NonNullable<StoredExternalSecret['spec']>): Step {
  return fail(
    WHAT,
    `its spec was changed after its only sync, and ${reasonOf(spec)} says that it is never read again`,
    'set refreshPolicy Periodic or OnChange (with an interval above 0), or delete the Secret to have it made anew',
  );
}

function unpicked(read: string): Step {
  return fail(
    WHAT,
    `the object was changed since its last sync (${read})`,
    'wait a few seconds; if it stays, see whether an operator runs and what its log says about this object',
  );
}
