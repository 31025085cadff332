/** The controllers that are installed, as Deployments with the chart's label. */
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource, Stored } from '../kube/types.ts';
import { listAll } from './list-all.ts';

export interface Deployment extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly { readonly image?: string; readonly args?: readonly string[] }[];
      };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
const OPERATOR_LABEL = 'app.kubernetes.io/name=external-secrets';

/** Of all namespaces. */
export function listOperators(client: KubeClient): Promise<readonly Stored<Deployment>[]> {
  return listAll<Deployment>(client, DEPLOYMENTS, { labelSelector: OPERATOR_LABEL });
}
