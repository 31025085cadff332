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
import { rightsOf, type Right, withRightsOf } from '../chart/rights.ts';
import { applyObject } from './cluster.ts';
import type { Process } from './env.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';

const ACCOUNTS: Readonly<Record<Process, string>> = {
  controller: 'external-secrets',
  webhook: 'external-secrets-webhook',
  'cert-controller': 'external-secrets-cert-controller',
};
const LIFETIME_SECONDS = 24 * 3600;

/** Flags that take more rights, and the roles with the chart's values for them: generic targets with the kinds that the tests write. */
const MORE: Readonly<Record<string, string>> = {
  '--unsafe-allow-generic-targets': 'rbac-generic-targets.yaml',
  '--metrics-auth': 'rbac-metrics-auth.yaml',
};

/** The chart's value `leaderElectionID` decides about flag and right. */
const LEASE = '--leader-election-id=';
const DEFAULT_LEASE = 'external-secrets-controller';

/** Roles and bindings with the values that give the processes this flag or none of them, which is the default. */
export function chartRoles(flags: readonly string[] = []): readonly KubeObject[] {
  const more = Object.keys(MORE).find((flag) => flags.includes(flag));
  const lease = flags.findLast((flag) => flag.startsWith(LEASE))?.slice(LEASE.length) ?? DEFAULT_LEASE;
  return rolesIn(MORE[more ?? ''] ?? 'rbac.yaml', (text) => text.replaceAll(`[${DEFAULT_LEASE}]`, `[${lease}]`));
}

/** The objects of a file of `test/chart/golden`. */
export function rolesIn(name: string, change = (text: string): string => text): readonly KubeObject[] {
  const text = readFileSync(join(import.meta.dirname, '../chart/golden', name), 'utf8');
  return parseAllDocuments(change(text)).map((document) => document.toJS() as KubeObject);
}

/** All that the chart gives with the values that the tests use, once each. */
export function chartRights(): readonly Right[] {
  const sets = Object.keys(MORE).map((flag) => rightsOf(chartRoles([flag])));
  return sets.reduce(withRightsOf, rightsOf(chartRoles()));
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
