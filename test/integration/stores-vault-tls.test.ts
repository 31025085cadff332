/** Vault behind TLS: whose certificate is believed, and what is told when none is (J08, J21). */
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { selfSigned } from '../../src/telemetry/self-signed.ts';
import { configMap, entry, externalSecret, from, secret, secretStore, vault } from '../builders/objects.ts';
import { useEnv } from './current-env.ts';
import { holds, isValid, storeFailsWith } from './views.ts';

const env = await useEnv();
await env.startOperator();
const right = selfSigned(['localhost'], Date.now());
const other = selfSigned(['localhost'], Date.now());
const terminator = tlsBefore(env.vault.address, right);
let server = '';

before(async () => {
  await new Promise<void>((resolve) => terminator.listen(0, '127.0.0.1', resolve));
  server = `https://localhost:${(terminator.address() as AddressInfo).port}`;
});
after(() => terminator.close());

/** Ends TLS with this certificate and passes everything on. */
function tlsBefore(target: string, { cert, key }: { cert: string | Buffer; key: string | Buffer }): Server {
  return createServer({ cert, key }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
}

/** A namespace with a Vault token in the Secret `token`. */
async function shop(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.apply(secret(namespace, 'token', { token: env.vault.rootToken }));
  await env.vault.put('secret', `${namespace}/db`, { user: 'u1' });
  return namespace;
}

test('a certificate that nobody vouches for: host, cause and where to put its authority', async () => {
  const namespace = await shop('tls-none');
  await env.apply(secretStore(namespace, 'vault', vault(server, 'token')));
  await storeFailsWith(env, namespace, 'vault', /localhost:\d+/, /certificate/, /caBundle or caProvider/);
});

test('a certificate of another authority: the same', async () => {
  const namespace = await shop('tls-other');
  const caBundle = Buffer.from(other.cert).toString('base64');
  await env.apply(secretStore(namespace, 'vault', vault(server, 'token', { caBundle })));
  await storeFailsWith(env, namespace, 'vault', /localhost:\d+/, /certificate/, /caBundle or caProvider/);
});

test('caBundle is believed', async () => {
  const namespace = await shop('tls-bundle');
  const caBundle = Buffer.from(right.cert).toString('base64');
  await env.apply(
    secretStore(namespace, 'vault', vault(server, 'token', { caBundle })),
    externalSecret(namespace, 'db', from('vault'), entry('user', `${namespace}/db`, 'user')),
  );
  await holds(env, namespace, 'db', { user: 'u1' });
});

for (const [type, made] of [
  ['ConfigMap', (namespace: string, pem: string) => configMap(namespace, 'ca', { 'ca.crt': pem })],
  ['Secret', (namespace: string, pem: string) => secret(namespace, 'ca', { 'ca.crt': pem })],
] as const) {
  test(`caProvider of kind ${type} is believed, and corrected when it is`, async () => {
    const namespace = await shop(`tls-${type.toLowerCase()}`);
    const caProvider = { type, name: 'ca', key: 'ca.crt' };
    await env.apply(secretStore(namespace, 'vault', vault(server, 'token', { caProvider })));
    await storeFailsWith(env, namespace, 'vault', new RegExp(`${type} "ca" not found in namespace "${namespace}"`));
    await env.apply(made(namespace, 'no certificate'));
    await storeFailsWith(env, namespace, 'vault', /caProvider: key "ca\.crt" of/, /no PEM certificate/);
    await env.apply(made(namespace, right.cert));
    await isValid(env, namespace, 'vault');
  });
}
