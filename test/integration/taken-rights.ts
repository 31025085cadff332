/** Takes one right away from a process of ours on the real parts, and gives it back. */
import assert from 'node:assert/strict';
import type { KubeObject } from '../../src/kube/types.ts';
import { type Entry, type Role, withoutEntry } from '../chart/rights.ts';
import { resourceOf } from './cluster.ts';
import type { Env } from './env.ts';

const roles = resourceOf({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: {} });

/** Who has the right, by name of the ClusterRole and of the ServiceAccount. */
export interface Holder {
  readonly role: string;
  readonly account: string;
}

/** Does `act` while the holder's role lacks exactly that right. */
export async function without(env: Env, holder: Holder, right: Entry, act: () => Promise<void>): Promise<void> {
  const name = { name: holder.role };
  const { rules = [] } = await env.kube.get<Role>(roles, name);
  const give = (given: typeof rules): Promise<unknown> => env.kube.patch<KubeObject>(roles, name, { rules: given });
  const isNow = (expected: boolean): Promise<void> =>
    env.eventually(async () => assert.equal(await isAllowed(env, holder, right), expected));
  await give(withoutEntry(rules, right));
  try {
    await isNow(false);
    await act();
  } finally {
    await give(rules);
    await isNow(true);
  }
}

async function isAllowed(
  env: Env,
  { account }: Holder,
  { group, resource: full, verb, name }: Entry,
): Promise<boolean> {
  const [resource, subresource] = full.split('/');
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:external-secrets:${account}`,
      resourceAttributes: { group, verb, resource, subresource, name },
    },
  };
  const answer = await env.kube.raw('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
  return (answer as { status: { allowed: boolean } }).status.allowed;
}
