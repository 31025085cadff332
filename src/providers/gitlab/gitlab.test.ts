/** Sessions on the sandbox's GitLab: what is asked of it, in which order sources win, and what its refusals become. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startGitlab, type SandboxGitlab } from '../../../sandbox/gitlab/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { openGitlab, TOKEN } from '../../../test/conformance/gitlab.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  ThrottledError,
} from '../errors.ts';
import type { FindQuery, ReadRef, SecretsClient } from '../provider.ts';

const { signal } = new AbortController();
const PROJECT = 'shop/eu/backend';
const LIST = 'GET projects/shop%2Feu%2Fbackend/variables';

describe('reading GitLab', () => {
  const clock = new WarpClock();
  let gitlab: SandboxGitlab;
  const open = (spec: Readonly<Record<string, unknown>> = {}) =>
    openGitlab(gitlab, clock, { projectID: PROJECT, ...spec });

  before(async () => {
    gitlab = await startGitlab({ clock });
  });
  after(() => gitlab.stop());
  beforeEach(() => {
    for (const group of ['shop', 'shop/eu', 'tools']) gitlab.addGroup(group);
    for (const project of [PROJECT, 'tools/big']) gitlab.addProject(project);
    gitlab.setToken(TOKEN, { roles: { shop: 'Owner', tools: 'Owner' } });
    gitlab.setVariable('shop', 'A', 'shop');
    gitlab.setVariable('shop/eu', 'A', 'eu');
    gitlab.setVariable('tools', 'A', 'tools');
    gitlab.setVariable('shop', 'B', 'shop');
    gitlab.setVariable(PROJECT, 'P', 'project');
    gitlab.resetCalls();
  });
  afterEach(() => gitlab.heal());

  test('a thousand keys of one project are one request per hundred variables', async () => {
    for (let n = 0; n < 250; n++) gitlab.setVariable('tools/big', `KEY_${n}`, `value ${n}`);
    const client = await open({ projectID: 'tools/big' });
    const refs = Array.from({ length: 250 }, (_, n) => ({ key: `KEY_${n}` }));
    assert.equal((await texts(client, refs)).at(-1), 'value 249');
    assert.deepEqual([...gitlab.calls()], [['GET projects/tools%2Fbig/variables', 3]]);
  });

  test('groups are asked only while keys are missing, and the later one wins', async () => {
    const client = await open({ groupIDs: ['shop/eu', 'tools', 'shop'] });
    assert.deepEqual(await texts(client, [{ key: 'P' }]), ['project']);
    assert.deepEqual([...gitlab.calls().keys()], [LIST]);
    assert.deepEqual(await texts(client, [{ key: 'A' }, { key: 'B' }, { key: 'P' }]), ['shop', 'shop', 'project']);
    assert.deepEqual(
      [...gitlab.calls()],
      [
        [LIST, 2],
        ['GET groups/shop/variables', 1],
      ],
    );
  });

  test('inherited variables come from the nearest group, and the project wins over it', async () => {
    const client = await open({ inheritFromGroups: true });
    assert.deepEqual(await texts(client, [{ key: 'A' }, { key: 'B' }]), ['eu', 'shop']);
    gitlab.setVariable(PROJECT, 'A', 'own');
    assert.deepEqual(await texts(client, [{ key: 'A' }]), ['own']);
    gitlab.removeVariable(PROJECT, 'A');
  });

  test('a group that is denied fails the keys that may be in it, and no others', async () => {
    gitlab.setToken(TOKEN, { roles: { shop: 'Maintainer' } });
    const client = await open({ inheritFromGroups: true });
    const [own, inherited] = await client.read([{ key: 'P' }, { key: 'A' }], signal);
    assert.equal(own?.ok, true);
    assert.ok(inherited?.ok === false && inherited.error instanceof PermissionDeniedError);
    assert.match(inherited.error.message, /group "shop\/eu".*403.*read_api and the role Owner in that group/);
  });

  test('the environment of the SecretStore chooses among values of one key', async () => {
    gitlab.setVariable(PROJECT, 'HOST', 'any');
    gitlab.setVariable(PROJECT, 'HOST', 'prod', { scope: 'production' });
    gitlab.setVariable(PROJECT, 'ONLY', 'staged', { scope: 'staging' });
    const refs = [{ key: 'HOST' }, { key: 'ONLY' }];
    assert.deepEqual(await texts(await open({ environment: 'production' }), refs), ['prod', 'SecretNotFoundError']);
    assert.deepEqual(await texts(await open({ environment: 'staging' }), refs), ['any', 'staged']);
    assert.deepEqual(await texts(await open(), refs), ['any', 'staged']);
  });

  test('find gives the keys that match, each from where it would be read', async () => {
    const client = await open({ inheritFromGroups: true });
    gitlab.setVariable(PROJECT, 'B', 'own');
    gitlab.setVariable(PROJECT, 'Z', 'prod only', { scope: 'production' });
    assert.deepEqual(await found(client, { nameRegexp: '^[ABZ]$' }), { B: 'own', A: 'eu' });
    const production = { environment_scope: 'production' };
    assert.deepEqual(await found(client, { nameRegexp: '^[ABZ]$', tags: production }), {
      B: 'own',
      Z: 'prod only',
      A: 'eu',
    });
    gitlab.removeVariable(PROJECT, 'B');
    gitlab.removeVariable(PROJECT, 'Z');
  });

  for (const [what, query, spec] of [
    ['another tag', { tags: { team: 'a' } }, {}],
    ['a path', { path: 'db' }, {}],
    ['another environment than the SecretStore’s', { tags: { environment_scope: 'dev' } }, { environment: 'prod' }],
    ['what is no expression', { nameRegexp: '(' }, {}],
  ] as const) {
    test(`find by ${what} is refused`, async () => {
      const client = await open(spec);
      await assert.rejects(found(client, query), InvalidRefError);
    });
  }

  test('a hidden variable fails a search that would need it', async () => {
    gitlab.setVariable(PROJECT, 'HIDDEN', 'x', { hidden: true });
    const client = await open();
    await assert.rejects(found(client, { nameRegexp: 'HID' }), /"HIDDEN".*hidden.*create it anew as masked/);
    assert.deepEqual(await found(client, { nameRegexp: '^P$' }), { P: 'project' });
    gitlab.removeVariable(PROJECT, 'HIDDEN');
  });

  test('versions and metadata are refused, as GitLab has none', async () => {
    const refs = [{ key: 'P', version: '2' }, { key: 'P', metadataPolicy: 'Fetch' }, { key: 'P' }] as const;
    assert.deepEqual(await texts(await open(), refs), ['InvalidRefError', 'InvalidRefError', 'project']);
  });

  describe('lists that change while they are read', () => {
    /** A project with a page and a half: `KEY_100` is the first of the second page. */
    const twoPages = (path: string): Promise<SecretsClient> => {
      gitlab.addProject(path);
      for (let n = 0; n < 150; n++) gitlab.setVariable(path, `KEY_${n}`, `value ${n}`);
      return open({ projectID: path });
    };

    test('are read again, so that nothing slips from page to page', async () => {
      const client = await twoPages('tools/shrinking');
      let calls = 0;
      gitlab.afterCall(() => ++calls === 1 && gitlab.removeVariable('tools/shrinking', 'KEY_0'));
      assert.deepEqual(await texts(client, [{ key: 'KEY_100' }]), ['value 100']);
      assert.equal(calls, 4);
    });

    test('never make a variable "not found" that is there', async () => {
      const client = await twoPages('tools/swapping');
      let calls = 0;
      // One goes, one comes: the total stays, but the first of the second page is now the last of the first.
      gitlab.afterCall(() => {
        if (++calls !== 1) return;
        gitlab.removeVariable('tools/swapping', 'KEY_0');
        gitlab.setVariable('tools/swapping', 'NEW', 'new');
      });
      const [outcome] = await client.read([{ key: 'KEY_100' }], signal);
      assert.ok(outcome?.ok === false && outcome.error instanceof BackendUnavailableError);
      assert.match(outcome.error.message, /the list changed while it was read/);
      assert.deepEqual(await texts(client, [{ key: 'NOT_THERE' }]), ['SecretNotFoundError']);
    });
  });

  describe('refusals', () => {
    for (const [what, arrange, kind, message] of [
      ['a revoked token', () => gitlab.revokeToken(TOKEN), AuthenticationError, /401.*wrong, expired or revoked/],
      [
        'a token that has expired',
        () => gitlab.setToken(TOKEN, { roles: { shop: 'Owner' }, expiresAt: clock.now() - 1 }),
        AuthenticationError,
        /401/,
      ],
      [
        'a token without the scope',
        () => gitlab.setToken(TOKEN, { scopes: ['read_repository'], roles: { shop: 'Owner' } }),
        PermissionDeniedError,
        /403 \(The request requires higher privileges.*needs scope read_api/,
      ],
      [
        'a token without the role',
        () => gitlab.setToken(TOKEN, { roles: { shop: 'Developer' } }),
        PermissionDeniedError,
        /project "shop\/eu\/backend": 403 \(Forbidden\).*role Maintainer in that project/,
      ],
      [
        'a project the token may not see',
        () => gitlab.setToken(TOKEN, { roles: { tools: 'Owner' } }),
        InvalidProviderConfigError,
        /404 \(Project Not Found\); there is no such project, or the token may not see it/,
      ],
      ['a broken GitLab', () => gitlab.fault('variables', 500), BackendUnavailableError, /500/],
      ['half an answer', () => gitlab.fault('variables', 'malformed'), BackendUnavailableError, /not that of GitLab’s/],
      ['something else at the url', () => gitlab.fault('variables', 'html'), BackendUnavailableError, /check the url/],
      ['a cut connection', () => gitlab.fault('variables', 'reset'), BackendUnavailableError, /cannot be reached/],
    ] as const) {
      test(`${what} is ${kind.name}, in reading, finding and validating`, async () => {
        const client = await open();
        arrange();
        const [outcome] = await client.read([{ key: 'P' }], signal);
        assert.ok(outcome?.ok === false && outcome.error instanceof kind);
        assert.match(outcome.error.message, message);
        assert.doesNotMatch(outcome.error.message, /glpat|half-a-val|sign in/i);
        await assert.rejects(found(client, {}), kind);
        await assert.rejects(client.validate(signal), kind);
      });
    }

    test('a rate limit says when to come back', async () => {
      const client = await open();
      gitlab.limit(1);
      assert.deepEqual(await texts(client, [{ key: 'P' }]), ['project']);
      const [outcome] = await client.read([{ key: 'P' }], signal);
      assert.ok(outcome?.ok === false && outcome.error instanceof ThrottledError);
      const waitMs = outcome.error.retryAfterMs ?? 0;
      assert.ok(waitMs > 0 && waitMs <= 60_000, String(waitMs));
      await clock.advance(waitMs);
      assert.deepEqual(await texts(client, [{ key: 'P' }]), ['project']);
    });

    test('a url that leads elsewhere is told, and the token does not follow it', async () => {
      const client = await openGitlab({ url: `${gitlab.url}/wrong` }, clock, { projectID: PROJECT });
      const [outcome] = await client.read([{ key: 'P' }], signal);
      assert.ok(outcome?.ok === false && outcome.error instanceof InvalidProviderConfigError);
      assert.match(outcome.error.message, /302; redirects are not followed/);
    });
  });

  test('validating reads no value and sees denied groups', async () => {
    const client = await open({ inheritFromGroups: true });
    assert.equal(await client.validate(signal), 'Ready');
    assert.ok([...gitlab.calls().keys()].every((call) => /\/groups$|\/external-secrets-probe$/.test(call)));
    gitlab.setToken(TOKEN, { roles: { shop: 'Maintainer' } });
    await assert.rejects(client.validate(signal), PermissionDeniedError);
  });

  test('the url may be given with the path of the API and with slashes', async () => {
    for (const url of [`${gitlab.url}/`, `${gitlab.url}/api/v4/`]) {
      const client = await openGitlab({ url }, clock, { projectID: PROJECT });
      assert.deepEqual(await texts(client, [{ key: 'P' }]), ['project']);
    }
  });

  test('addresses that tenants may not reach are refused', async () => {
    const environment = { awsEndpoints: {}, awsDefaults: {}, allowTargets: [], controllerCredentialsForAll: true };
    const client = await openGitlab(gitlab, clock, { projectID: PROJECT }, { environment });
    const [outcome] = await client.read([{ key: 'P' }], signal);
    assert.ok(outcome?.ok === false && outcome.error instanceof InvalidProviderConfigError);
    assert.equal(gitlab.calls().size, 0);
  });

  for (const projectID of ['..', 'shop/..', '../groups/shop', 'shop//backend', '.']) {
    test(`the project "${projectID}" leads nowhere`, async () => {
      await assert.rejects(open({ projectID }), /projectID: ".*" is neither a number nor a path/);
    });
  }

  test('a ClusterSecretStore that leaves the token to its consumers is not probed', async () => {
    const store = { kind: 'ClusterSecretStore', namespace: '', name: 's', uid: 'u', generation: 1 } as const;
    const client = await openGitlab(gitlab, clock, { projectID: PROJECT }, { store, namespace: '' });
    assert.equal(await client.validate(signal), 'Unknown');
  });

  test('calls are counted by the names of the dashboards', async () => {
    const counted = new Set<string>();
    const observe = (provider: string, call: string, status: string) =>
      void counted.add(`${provider} ${call} ${status}`);
    const client = await openGitlab(gitlab, clock, { projectID: PROJECT, inheritFromGroups: true }, { observe });
    await client.validate(signal);
    await client.read([{ key: 'A' }], signal);
    gitlab.fault('groups/', 500);
    await client.read([{ key: 'A' }], signal);
    assert.deepEqual([...counted].toSorted(), [
      'GitLab GroupVariableGet success',
      'GitLab GroupVariablesList error',
      'GitLab GroupVariablesList success',
      'GitLab ListProjectsGroups success',
      'GitLab ProjectVariableGet success',
      'GitLab ProjectVariablesList success',
    ]);
  });
});

async function texts(client: SecretsClient, refs: readonly ReadRef[]): Promise<unknown[]> {
  const outcomes = await client.read(refs, signal);
  return outcomes.map((outcome) => (outcome.ok ? outcome.value.revealText() : outcome.error.name));
}

async function found(client: SecretsClient, query: FindQuery): Promise<Record<string, string>> {
  const values = await client.find!(query, signal);
  return Object.fromEntries([...values].map(([name, value]) => [name, value.revealText()]));
}
