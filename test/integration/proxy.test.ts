/** The operator as a process behind an HTTP proxy: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of its environment, for the API server and backends. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { aws, entry, externalSecret, from, secret, secretStore, vault } from '../builders/objects.ts';
import { useEnvWithStrictAws } from './current-env.ts';
import { API_HOST, AWS_HOST, proxiedNetwork, VAULT_HOST, type ProxiedNetwork } from './proxied-network.ts';
import { failsWith, holds, storeFailsWith } from './views.ts';

const env = await useEnvWithStrictAws();
/** Processes of their own take the time they take. */
const PATIENCE_MS = 30_000;
const PASSWORD = 'canary-of-the-proxy';
const BASIC = `Basic ${btoa(`robot:${PASSWORD}`)}`;

async function network(t: TestContext, admits = (authorization: string | undefined) => authorization === BASIC) {
  const made = await proxiedNetwork(env, admits);
  t.after(() => made[Symbol.asyncDispose]());
  return made;
}

/** Starts an operator that is told of the proxy; `more` of its environment. */
async function operator(namespace: string, net: ProxiedNetwork, more: Record<string, string>) {
  const proxy = net.proxy.url.replace('//', `//robot:${PASSWORD}@`);
  return net.start(namespace, {
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    NODE_EXTRA_CA_CERTS: net.authority.file,
    AWS_SECRETSMANAGER_ENDPOINT: `https://${AWS_HOST}`,
    ...more,
  });
}

/** A store and an ExternalSecret of AWS and of Vault each. `server` is where the store has Vault. */
async function shop(net: ProxiedNetwork, server: string): Promise<string> {
  const namespace = await env.namespace('proxied');
  const id = `AKIA${namespace.toUpperCase().replaceAll('-', '')}`;
  await env.aws.addAccessKey(id, 'static-secret-key', `robot-${namespace}`);
  await env.aws.putSecret(`${namespace}/db`, 'from-aws');
  await env.vault.put('secret', `${namespace}/db`, { password: 'from-vault' });
  await env.apply(
    secret(namespace, 'robot', { id, key: 'static-secret-key' }),
    secret(namespace, 'vault', { token: env.vault.rootToken }),
    secretStore(namespace, 'sm', aws('robot')),
    secretStore(namespace, 'vault', vault(server, 'vault', { caBundle: net.authority.bundle })),
    externalSecret(namespace, 'from-aws', from('sm'), entry('password', `${namespace}/db`)),
    externalSecret(namespace, 'from-vault', from('vault'), entry('password', `${namespace}/db`, 'password')),
  );
  return namespace;
}

async function isSyncedFromBoth(namespace: string): Promise<void> {
  await holds(env, namespace, 'from-aws', { password: 'from-aws' }, PATIENCE_MS);
  await holds(env, namespace, 'from-vault', { password: 'from-vault' }, PATIENCE_MS);
}

const seen = ({ proxy }: ProxiedNetwork): readonly string[] => [...new Set(proxy.tunnels)].sort();

test('the API server, AWS and Vault are reached through the proxy, which asks for a password', async (t) => {
  const net = await network(t);
  const namespace = await shop(net, `https://${VAULT_HOST}`);
  const running = await operator(namespace, net, { KUBECONFIG: net.kubeconfigAt(API_HOST) });
  await isSyncedFromBoth(namespace);
  assert.deepEqual(seen(net), [`${API_HOST}:443`, `${AWS_HOST}:443`, `${VAULT_HOST}:443`].sort());
  assert.equal(await running.stop(), 0);
  assert.ok(!running.output.join('\n').includes(PASSWORD));
});

// 0.0.0.0 leads to this machine, and is none of its names that are never behind a proxy.
test('what NO_PROXY names, by a range or by an address, is reached without it', async (t) => {
  const net = await network(t);
  const namespace = await shop(net, `https://${VAULT_HOST}`);
  await operator(namespace, net, {
    KUBECONFIG: net.kubeconfigAt(`0.0.0.0:${net.ports.api}`),
    AWS_SECRETSMANAGER_ENDPOINT: env.aws.endpoint.replace('127.0.0.1', '0.0.0.0'),
    NO_PROXY: '0.0.0.0/8,0.0.0.0',
  });
  await isSyncedFromBoth(namespace);
  assert.deepEqual(seen(net), [`${VAULT_HOST}:443`]);
});

test('a proxy that refuses is named in conditions and events, and its password in no log', async (t) => {
  const net = await network(t, () => false);
  const namespace = await shop(net, `https://${VAULT_HOST}`);
  const running = await operator(namespace, net, {
    KUBECONFIG: net.kubeconfigAt(`0.0.0.0:${net.ports.api}`),
    NO_PROXY: '0.0.0.0/8',
  });
  const vaultRefused = /the proxy 127\.0\.0\.1:\d+ answered 407 when asked for vault\.invalid:443/;
  const awsRefused = /cannot reach AWS .* via http:\/\/127\.0\.0\.1:\d+\/: HTTP\/1\.1 407/;
  await storeFailsWith(env, namespace, 'vault', vaultRefused);
  await failsWith(env, namespace, 'from-aws', awsRefused);
  assert.deepEqual(net.proxy.tunnels, []);
  assert.equal(await running.stop(), 0);
  assert.ok(!running.output.join('\n').includes(PASSWORD));
});
