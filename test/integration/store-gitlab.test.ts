/**
 * Journeys with a GitLab SecretStore. GitLab is the sandbox's, beside the sandbox's cluster and beside the real API server alike.
 */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startGitlab } from '../../sandbox/gitlab/server.ts';
import { externalSecrets, secretStores } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import {
  clusterSecretStore,
  entry,
  externalSecret,
  extract,
  find,
  from,
  into,
  refreshEvery,
  secret,
  secretStore,
} from '../builders/objects.ts';
import { requires, useEnv } from './current-env.ts';
import { failsWith, holds, isSynced, isValid, readyOf, secretOf, storeFailsWith } from './views.ts';

const env = await useEnv();
const gitlab = await startGitlab({ clock: systemClock });
after(() => gitlab.stop());
afterEach(() => gitlab.heal());
await env.startOperator();

const HOUR_MS = 3_600_000;

interface Shop {
  readonly namespace: string;
  /** Full paths in GitLab, of the test's own. */
  readonly group: string;
  readonly project: string;
  readonly token: string;
}

/** A namespace, a group and a project in it, and the Secret `gitlab` with a token that may read both. */
async function shop(prefix: string): Promise<Shop> {
  const namespace = await env.namespace(prefix);
  const [group, token] = [namespace, `glpat-${namespace}`];
  const project = `${group}/backend`;
  gitlab.addGroup(group);
  gitlab.addProject(project);
  gitlab.setToken(token, { roles: { [group]: 'Owner' } });
  gitlab.setVariable(project, 'DB', '{"user":"u1","pass":"p1","port":6432}');
  gitlab.setVariable(project, 'API_KEY', 'k1');
  gitlab.setVariable(group, 'SHARED', 's1');
  await env.apply(secret(namespace, 'gitlab', { token }));
  return { namespace, group, project, token };
}

/** `more` adds or replaces fields of the provider. */
function provider(projectID: string, more: Readonly<Record<string, unknown>> = {}, namespace?: string) {
  const accessToken = { name: 'gitlab', key: 'token', ...(namespace === undefined ? {} : { namespace }) };
  return { gitlab: { url: gitlab.url, auth: { SecretRef: { accessToken } }, projectID, ...more } };
}

const listsOf = (project: string): number =>
  gitlab.calls().get(`GET projects/${encodeURIComponent(project)}/variables`) ?? 0;

async function force(namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
}

test('values, properties and inherited variables become keys of a Secret', async () => {
  const { namespace, project } = await shop('gl-values');
  await env.apply(
    secretStore(namespace, 'gitlab', provider(project, { inheritFromGroups: true })),
    externalSecret(
      namespace,
      'app',
      from('gitlab'),
      entry('api-key', 'API_KEY'),
      entry('password', 'DB', 'pass'),
      entry('shared', 'SHARED'),
    ),
    externalSecret(namespace, 'db', from('gitlab'), extract('DB')),
  );
  await holds(env, namespace, 'app', { 'api-key': 'k1', password: 'p1', shared: 's1' });
  await holds(env, namespace, 'db', { user: 'u1', pass: 'p1', port: '6432' });
  await isValid(env, namespace, 'gitlab');
  const store = await env.kube.get<{ metadata: object; status?: { capabilities?: string } }>(secretStores, {
    namespace,
    name: 'gitlab',
  });
  assert.equal(store.status?.capabilities, 'ReadOnly');
});

test('many consumers of a project are few lists', async () => {
  const { namespace, project } = await shop('gl-many');
  const names = Array.from({ length: 20 }, (_, n) => `app-${n}`);
  for (let n = 0; n < 60; n++) gitlab.setVariable(project, `KEY_${n}`, `value ${n}`);
  await env.apply(
    ...names.map((name, n) =>
      externalSecret(
        namespace,
        name,
        from('gitlab'),
        entry('a', `KEY_${n}`),
        entry('b', `KEY_${n + 20}`),
        entry('c', `KEY_${n + 40}`),
      ),
    ),
    secretStore(namespace, 'gitlab', provider(project)),
  );
  for (const name of names) await isSynced(env, namespace, name);
  assert.ok(listsOf(project) <= 3, `${listsOf(project)} lists for 60 keys`);
});

test('a search by name takes the values of its environment', async () => {
  const { namespace, project } = await shop('gl-find');
  gitlab.setVariable(project, 'APP_HOST', 'any');
  gitlab.setVariable(project, 'APP_HOST', 'prod', { scope: 'production' });
  gitlab.setVariable(project, 'APP_NEXT', 'n', { scope: 'staging' });
  await env.apply(
    secretStore(namespace, 'gitlab', provider(project, { environment: 'production' })),
    externalSecret(namespace, 'app', from('gitlab'), find({ name: { regexp: '^APP_' } })),
  );
  await holds(env, namespace, 'app', { APP_HOST: 'prod' });
});

test('a changed variable arrives within the interval', requires(env, 'fast-time', 'an hour passes'), async () => {
  const { namespace, project } = await shop('gl-change');
  await env.apply(
    secretStore(namespace, 'gitlab', provider(project)),
    externalSecret(namespace, 'app', from('gitlab'), entry('api-key', 'API_KEY'), refreshEvery('1h')),
  );
  await holds(env, namespace, 'app', { 'api-key': 'k1' });
  gitlab.setVariable(project, 'API_KEY', 'k2');
  await env.advance(HOUR_MS);
  await holds(env, namespace, 'app', { 'api-key': 'k2' });
});

test('a revoked token is told with the remedy, and a new one in the Secret is taken at once', async () => {
  const { namespace, project, group, token } = await shop('gl-revoked');
  await env.apply(
    secretStore(namespace, 'gitlab', provider(project)),
    externalSecret(namespace, 'app', from('gitlab'), entry('api-key', 'API_KEY')),
  );
  await holds(env, namespace, 'app', { 'api-key': 'k1' });
  gitlab.revokeToken(token);
  gitlab.setVariable(project, 'API_KEY', 'k2');
  await force(namespace, 'app');
  await failsWith(env, namespace, 'app', /401 .*access token was not accepted: it is wrong, expired or revoked/);
  await holds(env, namespace, 'app', { 'api-key': 'k1' });
  gitlab.setToken('glpat-second', { roles: { [group]: 'Maintainer' } });
  await env.apply(secret(namespace, 'gitlab', { token: 'glpat-second' }));
  await holds(env, namespace, 'app', { 'api-key': 'k2' });
  const told = (await env.events(namespace, 'app')).map(({ message }) => message).join('\n');
  assert.doesNotMatch(told + (await readyOf(env, externalSecrets, namespace, 'app')), /glpat|k1|k2/);
});

test('only GitLab’s word about a variable deletes a Secret, not a project that cannot be seen', async () => {
  const { namespace, project, group, token } = await shop('gl-delete');
  await env.apply(
    secretStore(namespace, 'gitlab', provider(project)),
    externalSecret(
      namespace,
      'app',
      from('gitlab'),
      entry('api-key', 'API_KEY'),
      into({ deletionPolicy: 'Delete' }),
      refreshEvery('1h'),
    ),
  );
  await holds(env, namespace, 'app', { 'api-key': 'k1' });
  gitlab.setToken(token, { roles: { elsewhere: 'Owner' } });
  await force(namespace, 'app');
  await failsWith(env, namespace, 'app', /404 \(Project Not Found\); there is no such project, or the token may not/);
  await holds(env, namespace, 'app', { 'api-key': 'k1' });
  gitlab.setToken(token, { roles: { [group]: 'Owner' } });
  gitlab.removeVariable(project, 'API_KEY');
  await force(namespace, 'app');
  await env.eventually(async () => assert.equal(await secretOf(env, namespace, 'app'), undefined));
});

test('a token without the role makes the SecretStore say what to grant', async () => {
  const { namespace, project, group, token } = await shop('gl-role');
  gitlab.setToken(token, { roles: { [group]: 'Developer' } });
  await env.apply(secretStore(namespace, 'gitlab', provider(project)));
  await storeFailsWith(env, namespace, 'gitlab', /403 .*scope read_api and the role Maintainer in that project/);
  assert.equal(listsOf(project), 0);
});

test('a rate limit harms nobody else, and is over when it is over', async () => {
  const limited = await shop('gl-limited');
  const healthy = await env.namespace('gl-healthy');
  await env.apply(
    secretStore(limited.namespace, 'gitlab', provider(limited.project)),
    secretStore(healthy, 'fake', { fake: { data: [{ key: 'k', value: 'v' }] } }),
  );
  await isValid(env, limited.namespace, 'gitlab');
  gitlab.limit(0);
  await env.apply(
    externalSecret(limited.namespace, 'app', from('gitlab'), entry('api-key', 'API_KEY')),
    externalSecret(healthy, 'app', from('fake'), entry('k', 'k')),
  );
  await holds(env, healthy, 'app', { k: 'v' });
  await failsWith(env, limited.namespace, 'app', /429/);
  const before = listsOf(limited.project);
  assert.ok(before <= 3, `${before} calls while limited`);
  gitlab.limit(undefined);
  await force(limited.namespace, 'app');
  if (env.supports('fast-time')) await env.advance(120_000);
  await holds(env, limited.namespace, 'app', { 'api-key': 'k1' }, 90_000);
});

test('a ClusterSecretStore without a namespace reads with the token of each consumer', async () => {
  const [own, other] = [await shop('gl-own'), await shop('gl-other')];
  const name = `gitlab-${own.namespace}`;
  await env.apply(
    clusterSecretStore(name, provider(own.project)),
    ...[own, other].map(({ namespace }) =>
      externalSecret(namespace, 'app', from(name, 'ClusterSecretStore'), entry('api-key', 'API_KEY')),
    ),
  );
  await isValid(env, undefined, name);
  await holds(env, own.namespace, 'app', { 'api-key': 'k1' });
  await failsWith(env, other.namespace, 'app', /404 \(Project Not Found\)/);
});
