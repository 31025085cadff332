/** CRDs of others whose kinds the chart can make: only as much of them as an API server needs to take and serve any object. */
import type { KubeObject } from '../../src/kube/types.ts';

export type Crd = KubeObject & { readonly metadata: { readonly name: string }; readonly spec: object };

/** What the Prometheus operator brings along. */
export const MONITORING_CRDS: readonly Crd[] = [
  foreign('monitoring.coreos.com', 'ServiceMonitor', 'servicemonitors'),
  foreign('monitoring.coreos.com', 'PrometheusRule', 'prometheusrules'),
];

export const FOREIGN_CRDS: readonly Crd[] = [
  ...MONITORING_CRDS,
  foreign('cert-manager.io', 'Certificate', 'certificates'),
];

function foreign(group: string, kind: string, plural: string): Crd {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: anything } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
