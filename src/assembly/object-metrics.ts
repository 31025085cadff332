/**
 * Connects what the controllers tell about single objects with the metrics people's dashboards read.
 */
import type { StoreMetrics } from '../controllers/secret-store/reconcile.ts';
import { splitKey } from '../kube/types.ts';
import type { StoreKind } from '../providers/provider.ts';
import type { FanOutMetrics } from '../controllers/fan-out/deps.ts';
import type { ObjectMetrics } from '../controllers/synced-object.ts';
import type { MeteredKind, Metrics } from '../telemetry/metrics.ts';

export function externalSecretMetrics(metrics: Metrics): ObjectMetrics {
  return objectMetrics(metrics, 'externalsecret');
}

export function pushSecretMetrics(metrics: Metrics): ObjectMetrics {
  return objectMetrics(metrics, 'pushsecret');
}

function objectMetrics({ objects }: Metrics, kind: MeteredKind): ObjectMetrics {
  return {
    started: (object, stored) => {
      objects.track(kind, object);
      if (stored === 'True' || stored === 'False') objects.recordCondition(kind, object, 'Ready', stored);
    },
    finished: (object, tookMs, failed) => objects.recordPass(kind, object, { tookMs, failed }),
    ready: (object, status) => objects.recordCondition(kind, object, 'Ready', status),
    forget: (key) => objects.forget(kind, splitKey(key)),
  };
}

export function storeMetrics({ objects }: Metrics, kind: StoreKind): StoreMetrics {
  const metered = kind === 'SecretStore' ? 'secretstore' : 'clustersecretstore';
  return {
    reconciled: (store, tookMs) => objects.recordPass(metered, store.metadata, { tookMs, failed: false }),
    ready: (store, status) => objects.recordCondition(metered, store.metadata, 'Ready', status),
    forget: (key) => objects.forget(metered, splitKey(key)),
  };
}

export function fanOutMetrics(
  { objects }: Metrics,
  kind: 'clusterexternalsecret' | 'clusterpushsecret',
): FanOutMetrics {
  return {
    finished: ({ metadata }, tookMs, failed) => objects.recordPass(kind, metadata, { tookMs, failed }),
    ready: ({ metadata }, status) => objects.recordCondition(kind, metadata, 'Ready', status),
    forget: (name) => objects.forget(kind, { name }),
  };
}
