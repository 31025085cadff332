/** `external-secrets doctor`: what a person is told about each thing that can be broken on the way from an ExternalSecret to its Secret. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { pushSecrets, secrets } from '../../src/api/resources.ts';
import { doctorCommand } from '../../src/cli/doctor/command.ts';
import { canary, tracesOf } from '../builders/canary.ts';
import {
  clusterSecretStore,
  entry,
  externalSecret,
  fake,
  from,
  into,
  pushSecret,
  secret,
  secretStore,
  serviceAccount,
  vault,
} from '../builders/objects.ts';
import { bindClusterRole } from './cluster.ts';
import { useEnv } from './current-env.ts';
import { failsWith, isSynced, isValid, pushFailsWith, readyOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const operator = await env.startOperator(['--enable-leader-election']);
const administrator = await env.machine.environmentOf('administrator');
const PLANTED = canary('doctor');
/** All that was printed. */
const printed: string[] = [];

async function doctor(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = administrator,
): Promise<{ readonly output: string; readonly code: number }> {
  const { clock } = env.machine;
  const result = await doctorCommand(argv, { isTerminal: false, env: environment, clock });
  printed.push(result.output);
  return result;
}

/** Asserts that something is wrong, and that these lines are among what is printed. */
async function finds(argv: readonly string[], ...lines: readonly RegExp[]): Promise<string> {
  const { output, code } = await doctor(argv);
  assert.equal(code, 1, output);
  for (const line of lines) assert.match(output, line);
  return output;
}

/** A Vault store `vault`, whose token is in the Secret `vault`, and a value `db`. */
async function shop(prefix: string): Promise<string> {
  const namespace = await env.namespace(prefix);
  await env.vault.put('secret', `${namespace}/db`, { pass: PLANTED });
  await env.apply(secret(namespace, 'vault', { token: env.vault.rootToken }));
  await env.apply(secretStore(namespace, 'vault', vault(env.vault.address, 'vault')));
  return namespace;
}

function db(namespace: string, store = 'vault') {
  return externalSecret(namespace, 'db', from(store), entry('pass', `${namespace}/db`, 'pass'));
}

test('of what works every step is told, and that nothing is wrong', async () => {
  const namespace = await shop('well');
  await env.apply(db(namespace));
  await isSynced(env, namespace, 'db');
  const { output, code } = await doctor([`${namespace}/db`]);
  assert.equal(code, 0, output);
  const steps = output.split('\n').map((line) => line.replaceAll(namespace, 'NS'));
  for (const expected of [
    'ok   ExternalSecret NS/db: exists, its spec is valid',
    'ok   SecretStore "vault": exists and may be used from namespace "NS"',
    'ok   credentials: Secret NS/vault: exists with "token"',
    'ok   SecretStore "vault", as the operator last saw it: Valid: store validated',
    'ok   target: Secret NS/db: 1 key, owned by ExternalSecret "db", as the operator wrote it',
  ])
    assert.ok(steps.includes(expected), `${expected} is not in\n${output}`);
  assert.match(
    output,
    /^ok {3}operator: Lease external-secrets\/external-secrets-controller was renewed \d+ s ago by /m,
  );
  assert.match(output, /^ok {3}backend, as the operator last saw it: SecretSynced for \d+ s: secret synced$/m);
  assert.match(output, /^ok {3}refresh: every 1 h, last \d+ s ago$/m);
  assert.match(output, /^Nothing wrong found\. The backend itself was not asked\.$/m);
});

test('an object that is not there is said, with how to look for it', async () => {
  await finds(
    ['nowhere/nothing'],
    /^cause: ExternalSecret nowhere\/nothing: there is none$/m,
    /^remedy: .*kubectl get/m,
  );
});

test('a key of the credentials that is called otherwise is named, with those there are', async () => {
  const namespace = await env.namespace('key');
  await env.apply(secret(namespace, 'vault', { tokn: PLANTED, other: PLANTED }));
  await env.apply(secretStore(namespace, 'vault', vault(env.vault.address, 'vault')), db(namespace));
  await storeFailsWith(env, namespace, 'vault');
  await finds(
    [`${namespace}/db`],
    /^FAIL credentials: Secret key-\w+\/vault: has no key "token"/m,
    /^cause: credentials: .*has no key "token" \(spec\.provider\.vault\.auth\.tokenSecretRef\); its keys: "other", "tokn"$/m,
    /^remedy: add the key, or correct spec\.provider\.vault\.auth\.tokenSecretRef\.key$/m,
  );
});

test('credentials that are missing are the cause, not the store that is not ready because of it', async () => {
  const namespace = await env.namespace('credentials');
  await env.apply(secretStore(namespace, 'vault', vault(env.vault.address, 'vault')), db(namespace));
  await storeFailsWith(env, namespace, 'vault', /not found/);
  await finds(
    [`${namespace}/db`],
    /^FAIL SecretStore "vault", as the operator last saw it: InvalidProviderConfig: .*Secret "vault" not found/m,
    /^cause: credentials: Secret credentials-\w+\/vault: not found/m,
    /^remedy: create it in namespace "credentials-\w+" with "token"/m,
  );
});

test('a store that is missing, or of the other kind, is told', async () => {
  const namespace = await env.namespace('store');
  const cluster = `only-cluster-${namespace}`;
  await env.apply(clusterSecretStore(cluster, fake({ a: '1' })), db(namespace, 'nobody'));
  await env.apply(externalSecret(namespace, 'kind', from(cluster), entry('a', 'a')));
  await finds(
    [`${namespace}/db`],
    /^cause: SecretStore "nobody": SecretStore "nobody" not found in namespace/m,
    /^remedy: create it, or correct secretStoreRef$/m,
  );
  await finds([`${namespace}/kind`], /^remedy: set secretStoreRef\.kind to ClusterSecretStore$/m);
});

test('a namespace that the store does not admit is told', async () => {
  const namespace = await env.namespace('denied');
  const store = `picky-${namespace}`;
  await env.apply(clusterSecretStore(store, fake({ a: '1' }), { conditions: [{ namespaces: ['other'] }] }));
  await env.apply(externalSecret(namespace, 'db', from(store, 'ClusterSecretStore'), entry('a', 'a')));
  await finds(
    [`${namespace}/db`],
    /^cause: ClusterSecretStore "picky-\S+": .*may not be used from namespace "denied-\w+": its spec\.conditions deny it$/m,
    /^remedy: add namespace "denied-\w+" to spec\.conditions/m,
  );
});

test('a target that belongs to somebody else is told, with whom', async () => {
  const namespace = await shop('owned');
  await env.apply(
    externalSecret(namespace, 'first', from('vault'), entry('p', `${namespace}/db`, 'pass'), into({ name: 'db' })),
  );
  await isSynced(env, namespace, 'first');
  await env.apply(db(namespace));
  await failsWith(env, namespace, 'db', /belongs to ExternalSecret "first"/);
  await finds(
    [`${namespace}/db`],
    /^cause: target: Secret owned-\w+\/db: the target secret is owned by another ExternalSecret: .*belongs to ExternalSecret "first"/m,
  );
});

test('what the backend refused is told in the words of the operator', async () => {
  const namespace = await shop('backend');
  await isValid(env, namespace, 'vault');
  await env.apply(externalSecret(namespace, 'db', from('vault'), entry('pass', `${namespace}/nothing`)));
  await failsWith(env, namespace, 'db');
  await finds(
    [`${namespace}/db`],
    /^ok {3}target: Secret backend-\w+\/db: not there yet$/m,
    /^cause: backend, as the operator last saw it: SecretSyncedError for \d+ s: could not get secret data from provider: data\[0\]/m,
  );
});

test('who may not read Secrets is told so, and all the rest', async () => {
  const namespace = await shop('reader');
  await env.apply(db(namespace));
  await isSynced(env, namespace, 'db');
  const { output, code } = await asReader(namespace, (environment) => doctor([`${namespace}/db`], environment));
  assert.equal(code, 0, output);
  assert.match(
    output,
    /^\? {4}credentials: Secret .*: not looked at, your kubeconfig may not read a Secret there; it must exist with "token"/m,
  );
  assert.match(output, /^\? {4}target: Secret .*: not looked at, your kubeconfig may not read Secrets in namespace/m);
  assert.match(output, /^ok {3}SecretStore "vault", as the operator last saw it: Valid/m);
  assert.match(output, /^Nothing wrong found, but [234] of \d+ steps could not be looked at\./m);
});

test('without argument all that is not in order is listed by its cause, and an end with 0 means that nothing is', async () => {
  const well = await shop('overview-well');
  await env.apply(db(well));
  await isSynced(env, well, 'db');
  const fine = await doctor(['-n', well]);
  assert.match(fine.output, /^2 objects looked at, all in order\.$/m);
  assert.equal(fine.code, 0);

  const namespace = await env.namespace('overview');
  const names = Array.from({ length: 8 }, (_, index) => `db-${index}`);
  await env.apply(secretStore(namespace, 'vault', vault(env.vault.address, 'vault')));
  await env.apply(...names.map((name) => externalSecret(namespace, name, from('vault'), entry('a', 'a'))));
  for (const name of names) await failsWith(env, namespace, name, /is not ready/);
  const lines = [
    /^FAIL SecretStore overview-\w+\/vault is not ready: InvalidProviderConfig: .*Secret "vault" not found/m,
    /^ {4}8 wait for it: ExternalSecret overview-\w+\/db-\d, .* and 3 more$/m,
  ] as const;
  await finds(['-n', namespace], ...lines, /^9 of 9 objects are not in order\./m);
  await finds([], ...lines);
});

test('one store is asked about with its kind', async () => {
  const namespace = await env.namespace('one-store');
  await env.apply(secretStore(namespace, 'vault', vault(env.vault.address, 'vault')));
  await storeFailsWith(env, namespace, 'vault');
  await finds(
    ['--kind=SecretStore', `${namespace}/vault`],
    /^cause: credentials: Secret one-store-\w+\/vault: not found/m,
  );
  const name = `one-${namespace}`;
  await env.apply(clusterSecretStore(name, fake({ a: '1' })));
  await isValid(env, undefined, name);
  const { output, code } = await doctor(['--kind=clustersecretstore', name]);
  assert.equal(code, 0, output);
  assert.match(output, /^ok {3}ClusterSecretStore one-\S+: exists, its spec is valid$/m);
  assert.equal((await doctor(['--kind=Pod', 'a/b'])).code, 2);
});

test('a PushSecret is asked about with its kind: a key that its source does not have is the cause', async () => {
  const namespace = await shop('push');
  await env.apply(secret(namespace, 'source', { token: JSON.stringify({ pass: PLANTED }) }));
  await env.apply(pushSecret(namespace, 'wrong', 'source', 'vault', { tokn: `${namespace}/pushed` }));
  await env.apply(pushSecret(namespace, 'right', 'source', 'vault', { token: `${namespace}/right` }));
  await pushFailsWith(env, namespace, 'wrong');
  await env.eventually(async () => assert.match(await readyOf(env, pushSecrets, namespace, 'right'), /^True Synced/));
  await finds(
    ['--kind=PushSecret', `${namespace}/wrong`],
    /^cause: source: Secret push-\w+\/source: has no key "tokn" \(spec\.data\[0\]\.match\.secretKey\); its keys: "token"$/m,
  );
  const { output, code } = await doctor(['--kind=PushSecret', `${namespace}/right`]);
  assert.equal(code, 0, output);
});

test('an operator that does not run is told, and is not blamed for what is written wrong', async () => {
  const namespace = await shop('stopped');
  await env.apply(db(namespace));
  await isSynced(env, namespace, 'db');
  await operator.stop();
  await finds(
    [`${namespace}/db`],
    /^cause: operator: does not run: Lease external-secrets\/external-secrets-controller has no holder$/m,
    /^remedy: see its Pods and their log/m,
  );
  await env.kube.delete(secrets, { namespace, name: 'vault' });
  await finds([`${namespace}/db`], /^FAIL operator: does not run/m, /^cause: credentials: .*not found/m);
});

test('no value is in anything that was printed', () => {
  assert.ok(printed.length > 8);
  for (const text of printed) {
    assert.deepEqual(tracesOf(PLANTED, text), [], text);
    assert.ok(!text.includes(env.vault.rootToken), text);
  }
});

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
after(() => rmSync(folder, { recursive: true }));

/**
 * Runs as somebody with the role `view`, which has no right to read Secrets. Nobody has fewer rights than others in the sandbox: there the
 * API server is told to refuse.
 */
async function asReader<T>(
  namespace: string,
  run: (environment: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  if (env.supports('kube-faults')) {
    await env.kubeFaults.respond({ method: 'GET', path: /\/secrets\/(vault|db)$/ }, { status: 403 }, 2);
    return run(administrator);
  }
  const account = { namespace, name: 'reader' };
  await env.apply(serviceAccount(namespace, account.name));
  await bindClusterRole(env.kube, 'view', account);
  const { token } = await env.kube.createToken(account, { expirationSeconds: 3600 });
  const config = parse(readFileSync(administrator['KUBECONFIG'] ?? '', 'utf8')) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { token };
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, stringify(config), { mode: 0o600 });
  return run({ ...administrator, KUBECONFIG: path });
}
