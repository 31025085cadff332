/** Namespaces of a real API server, with a store's accounts in one and the Secrets they may touch in the others. */
import { readFileSync } from 'node:fs';
import { namespaces, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/http-client.ts';
import { kubernetes } from '../../src/providers/kubernetes/spec.ts';
import type { SecretsClient, StoreKind } from '../../src/providers/provider.ts';
import { readDescription } from '../real-parts/description.ts';
import { openAs, type Tenant } from './tenant.ts';

const parts = readDescription();
const ca = readFileSync(parts.caFile, 'utf8');
const caBundle = Buffer.from(ca).toString('base64');
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
const roles = { ...rbac, kind: 'Role', plural: 'roles' };
const roleBindings = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' };

export interface RealCluster {
  readonly kube: KubeClient;
  /** Namespace of the store. */
  readonly own: string;
  /** Namespace that is read. */
  readonly remote: string;
  /** Another one. */
  readonly third: string;
  /** Lets an account of `own` do this with Secrets of `remote`, or of another namespace. */
  allow(account: string, verbs: readonly string[], namespace?: string): Promise<void>;
  open(account: string, kind?: StoreKind, observe?: Tenant['observe']): Promise<SecretsClient>;
  close(): Promise<void>;
}

let worlds = 0;

export async function realCluster(): Promise<RealCluster> {
  const kube = connect({ server: parts.server, ca, token: () => Promise.resolve(parts.adminToken) });
  const own = `kube-own-${process.pid}-${worlds}`;
  const remote = `kube-remote-${process.pid}-${worlds}`;
  const third = `kube-third-${process.pid}-${worlds++}`;
  const all = [own, remote, third];
  for (const name of all) await kube.create(namespaces, { metadata: { name } });
  return {
    kube,
    own,
    remote,
    third,
    async allow(account, verbs, namespace = remote) {
      const known = { namespace: own, name: account };
      await kube.get(serviceAccounts, known).catch(() => kube.create(serviceAccounts, { metadata: known }));
      const metadata = { namespace, name: account };
      const rules = [{ apiGroups: [''], resources: ['secrets'], verbs }];
      const subjects = [{ kind: 'ServiceAccount', namespace: own, name: account }];
      const roleRef = { apiGroup: rbac.group, kind: 'Role', name: account };
      await kube.create(roles, { metadata, rules } as never);
      await kube.create(roleBindings, { metadata, subjects, roleRef } as never);
    },
    open: (account, kind = 'SecretStore', observe = () => {}) =>
      openAs({ kube, kind, namespace: own, observe }, kubernetes, {
        server: { url: parts.server, caBundle },
        auth: { serviceAccount: { name: account } },
        remoteNamespace: remote,
      }),
    async close() {
      for (const name of all) await kube.delete(namespaces, { name });
      await kube.close();
    },
  };
}
