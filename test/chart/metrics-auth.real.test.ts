/** `metrics.listen.auth`: who may scrape is what the API server says, and each process may ask it by the rights of the chart. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, test } from 'node:test';
import { serviceAccounts } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { resourceOf } from '../integration/cluster.ts';
import { certController, webhook } from '../integration/companions.ts';
import { useEnv } from '../integration/current-env.ts';
import { OPERATOR_NAMESPACE } from '../integration/operator.ts';

const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1' };
// Before the env's own, which closes the client. The webhook has a ClusterRole with this value only.
after(async () => {
  for (const kind of ['ClusterRoleBinding', 'ClusterRole'])
    await env.kube.delete(resourceOf({ ...RBAC, kind, metadata: {} }), {
      name: 'external-secrets-webhook-metrics-auth',
    });
});
const env = await useEnv();
const FLAGS = ['--metrics-secure', '--metrics-auth'];
const PLACE = [`--service-namespace=${OPERATOR_NAMESPACE}`, `--secret-namespace=${OPERATOR_NAMESPACE}`];
const namespace = await env.namespace('scrapers');

/** The token of an account; `granted`: that may get /metrics. */
async function account(name: string, granted: boolean): Promise<string> {
  await env.apply({ apiVersion: 'v1', kind: serviceAccounts.kind, metadata: { namespace, name } });
  if (granted) {
    const metadata = { name: `${namespace}-${name}` };
    const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name };
    const subjects = [{ kind: 'ServiceAccount', namespace, name }];
    await env.apply(
      { ...RBAC, kind: 'ClusterRole', metadata, rules } as KubeObject,
      { ...RBAC, kind: 'ClusterRoleBinding', metadata, roleRef, subjects } as KubeObject,
    );
  }
  return (await env.kube.createToken({ namespace, name }, { expirationSeconds: 3600 })).token;
}

/** The status of a scrape. Its certificate was made by the process itself. */
async function scrape(url: string, token?: string): Promise<number | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url, { headers, agent: false, rejectUnauthorized: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

const [scraper, stranger] = [await account('scraper', true), await account('stranger', false)];
const STARTS = {
  // The first of them: it brings the rights of all three.
  controller: () => env.startOperator(FLAGS),
  webhook: () => webhook(env, ...FLAGS),
  'cert-controller': () => certController(env, ...FLAGS, ...PLACE),
};

for (const [name, start] of Object.entries(STARTS)) {
  test(`the metrics of the ${name} are for those who may get them`, async (t) => {
    const running = await start();
    t.after(() => running.stop());
    const { metricsUrl: url } = running;
    await env.eventually(async () => assert.equal(await scrape(url, scraper), 200));
    assert.equal(await scrape(url), 401);
    assert.equal(await scrape(url, 'made.up.token'), 401);
    assert.equal(await scrape(url, stranger), 403);
  });
}
