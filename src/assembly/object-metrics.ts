/**
 * Connects what the controllers tell about single objects with the metrics people's dashboards read.
 */
import type { ExternalSecretMetrics } from '../controllers/external-secret/deps.ts';
import type { StoreMetrics } from '../controllers/secret-store/reconcile.ts';
import { splitKey } from '../kube/types.ts';
import type { StoreKind } from '../providers/provider.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export function externalSecretMetrics({ objects }: Metrics): ExternalSecretMetrics {
  return {
    started: (object, stored) => {
      objects.track('externalsecret', object);
      if (stored === 'True' || stored === 'False') objects.recordCondition('externalsecret', object, 'Ready', stored);
    },
    finished: (object, tookMs, failed) => objects.recordPass('externalsecret', object, { tookMs, failed }),
    ready: (object, status) => objects.recordCondition('externalsecret', object, 'Ready', status),
    forget: (key) => objects.forget('externalsecret', splitKey(key)),
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
