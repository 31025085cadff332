/** Dashboard and alerts find what they ask for at the three running processes, after a few journeys (J22). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { issueServer, makeAuthority } from '../../src/certificates/authority.ts';
import { parseExposition, type Sample } from '../../src/telemetry/parse-exposition.ts';
import {
  clusterExternalSecret,
  clusterSecretStore,
  entry,
  externalSecret,
  from,
  pushSecret,
  secret,
  secretStore,
  vault,
} from '../builders/objects.ts';
import { expressions, groupings, selectors, TARGET_LABELS } from '../chart/expressions.ts';
import { certController, webhook } from './companions.ts';
import { useEnv } from './current-env.ts';
import { isSynced, isValid } from './views.ts';

after(() => rmSync(folder, { recursive: true, force: true }));
const env = await useEnv();
const folder = mkdtempSync(join(tmpdir(), 'metrics-'));

/** A little of everything, and a failure of everything that alerts speak of. */
async function journeys(): Promise<void> {
  const namespace = await env.namespace('metrics', { team: 'metrics' });
  await env.vault.put('secret', `${namespace}/db`, { user: 'u1' });
  const backend = vault(env.vault.address, 'token');
  const account = { namespace, name: 'token', key: 'token' };
  const shared = {
    vault: { server: env.vault.address, path: 'secret', version: 'v2', auth: { tokenSecretRef: account } },
  };
  const wrong = vault(env.vault.address, 'nobody');
  await env.apply(
    secret(namespace, 'token', { token: env.vault.rootToken }),
    secretStore(namespace, 'store', backend),
    clusterSecretStore(namespace, shared),
    secretStore(namespace, 'broken', wrong),
    clusterSecretStore(`${namespace}-broken`, {
      vault: { ...(wrong['vault'] as object), auth: { tokenSecretRef: { ...account, name: 'nobody' } } },
    }),
  );
  await isValid(env, namespace, 'store');
  await isValid(env, undefined, namespace);
  const parts = [entry('user', `${namespace}/db`, 'user')] as const;
  const where = { namespaceSelectors: [{ matchLabels: { team: 'metrics' } }] };
  await env.apply(
    externalSecret(namespace, 'good', from('store'), ...parts),
    externalSecret(namespace, 'bad', from('store'), entry('user', `${namespace}/nothing`)),
    clusterExternalSecret(namespace, where, from(namespace, 'ClusterSecretStore'), ...parts),
    pushSecret(namespace, 'push', 'nothing', 'store', { key: `${namespace}/pushed` }),
  );
  await isSynced(env, namespace, 'good');
  await isSynced(env, namespace, namespace);
}

async function review(url: string): Promise<number | undefined> {
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const path = '/validate-external-secrets-io-v1-externalsecret';
  const sent = request(`${url}${path}`, { method: 'POST', rejectUnauthorized: false, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

async function startedWebhook(): Promise<string> {
  const now = env.machine.clock.now();
  const authority = await makeAuthority(now);
  const server = await issueServer(authority, 'localhost', now);
  writeFileSync(join(folder, 'ca.crt'), authority.cert);
  writeFileSync(join(folder, 'tls.crt'), server.cert);
  writeFileSync(join(folder, 'tls.key'), server.key, { mode: 0o600 });
  const running = await webhook(env, `--cert-dir=${folder}`);
  after(() => running.stop());
  await review(await running.admissionUrl);
  return running.metricsUrl;
}

async function startedCertController(): Promise<string> {
  const namespace = await env.namespace('certs');
  const running = await certController(env, `--secret-namespace=${namespace}`, `--service-namespace=${namespace}`);
  after(() => running.stop());
  return running.metricsUrl;
}

test('every series of the dashboard and the alerts is there, with its labels and values', async () => {
  const urls = [(await env.startOperator()).metricsUrl, await startedWebhook(), await startedCertController()];
  await journeys();
  await env.eventually(async () => {
    const samples: Sample[] = [];
    for (const url of urls) samples.push(...parseExposition(await (await fetch(url)).text()).samples);
    const missing = expressions.flatMap((expr) => missingIn(expr, samples));
    assert.deepEqual([...new Set(missing)], []);
  });
});

/** What an expression asks for that no sample has. */
function missingIn(expr: string, samples: readonly Sample[]): readonly string[] {
  const groups = groupings(expr).filter((label) => !TARGET_LABELS.includes(label));
  return selectors(expr).flatMap(({ name, labels, equal }) => {
    const asked = Object.entries(equal);
    const fits = (sample: Sample): boolean =>
      sample.name === name &&
      asked.every(([label, value]) => sample.labels[label] === value) &&
      [...labels, ...groups].every((label) => TARGET_LABELS.includes(label) || sample.labels[label] !== undefined);
    return samples.some(fits) ? [] : [`${name} ${JSON.stringify(equal)} by ${groups.join(', ')}`];
  });
}
