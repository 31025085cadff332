/**
 * The rights that the chart gives to the three processes, as Helm renders them with default values: on the real parts everybody has
 * these and no others. `test/chart/rbac.real.test.ts` keeps the file true.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { namespaces, serviceAccounts } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { applyObject } from './cluster.ts';
import type { Process } from './env.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';

const ACCOUNTS: Readonly<Record<Process, string>> = {
  controller: 'external-secrets',
  webhook: 'external-secrets-webhook',
  'cert-controller': 'external-secrets-cert-controller',
};
const LIFETIME_SECONDS = 24 * 3600;

/** With `genericTargets.enabled`, the chart's word for the flag, and the kinds that the tests write. */
export const GENERIC_TARGETS = '--unsafe-allow-generic-targets';

/** The chart's value `leaderElectionID` decides about flag and right. */
const LEASE = '--leader-election-id=';
const DEFAULT_LEASE = 'external-secrets-controller';

/** Roles and bindings with the values that give the controller these flags; none: default values. */
export function chartRoles(flags: readonly string[] = []): readonly KubeObject[] {
  const name = flags.includes(GENERIC_TARGETS) ? 'rbac-generic-targets.yaml' : 'rbac.yaml';
  const text = readFileSync(join(import.meta.dirname, '../chart/golden', name), 'utf8');
  const lease = flags.findLast((flag) => flag.startsWith(LEASE))?.slice(LEASE.length) ?? DEFAULT_LEASE;
  return parseAllDocuments(text.replaceAll(`[${DEFAULT_LEASE}]`, `[${lease}]`)).map(
    (document) => document.toJS() as KubeObject,
  );
}

/** Makes the namespace, the accounts and their rights, as the chart does with the values that give the controller these flags. */
export async function installRights(kube: KubeClient, flags: readonly string[] = []): Promise<void> {
  await applyObject(kube, { apiVersion: 'v1', kind: namespaces.kind, metadata: { name: OPERATOR_NAMESPACE } });
  for (const name of Object.values(ACCOUNTS)) {
    const metadata = { namespace: OPERATOR_NAMESPACE, name };
    await applyObject(kube, { apiVersion: 'v1', kind: serviceAccounts.kind, metadata });
  }
  for (const object of chartRoles(flags)) await applyObject(kube, object);
}

/** What the accounts may do in the namespace of the chart they may do in this one too. */
export async function installRightsIn(kube: KubeClient, namespace: string): Promise<void> {
  for (const object of chartRoles()) {
    if (object.metadata.namespace === undefined) continue;
    await applyObject(kube, { ...object, metadata: { ...object.metadata, namespace } });
  }
}

export async function tokenOf(kube: KubeClient, process: Process): Promise<string> {
  const account = { namespace: OPERATOR_NAMESPACE, name: ACCOUNTS[process] };
  return (await kube.createToken(account, { expirationSeconds: LIFETIME_SECONDS })).token;
}
