import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { serve, type Received, type TestServer } from '../../../test/builders/http-server.ts';
import { ManualClock } from '../../../test/builders/manual-clock.ts';
import { vaultDynamicSecretSpec } from '../../api/generators/vault-dynamic-secret.ts';
import { InvalidProviderConfigError, PermissionDeniedError } from '../../providers/errors.ts';
import type { ClusterAccess } from '../../providers/provider.ts';
import { vaultSpec } from '../../providers/vault/spec.ts';
import { SecretValue } from '../../secret-value.ts';
import type { Generated, GeneratorContext, Lease } from '../generator.ts';
import { vaultDynamicSecretGenerator, type Spec } from './index.ts';

const HOUR = 3_600_000;
const { signal } = new AbortController();

type Answers = Readonly<Record<string, { readonly status?: number; readonly body?: object } | undefined>>;

const token = (name: string, seconds: number): object => ({
  client_token: `value-of-${name}`,
  accessor: `accessor-of-${name}`,
  lease_duration: seconds,
  renewable: true,
  policies: ['default', 'db'],
});
const databaseRole = {
  lease_id: 'database/creds/reader/1',
  lease_duration: 3600,
  renewable: true,
  data: { username: 'v-reader', password: 's3cret', port: 5432, ratio: 1.5 },
  auth: null,
};

/** What a Vault with one AppRole and one database role answers. */
const usual: Answers = {
  'PUT /v1/auth/approle/login': { body: { auth: token('login', 7200) } },
  'GET /v1/database/creds/reader': { body: databaseRole },
  'PUT /v1/auth/token/renew-self': { body: { auth: token('login', 7200) } },
  'PUT /v1/sys/leases/renew': { body: { lease_id: 'database/creds/reader/1', lease_duration: 3600, renewable: true } },
  'PUT /v1/auth/token/revoke-self': { status: 204 },
};

class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  answers: Answers = usual;
  readonly #server: TestServer;

  static async start(): Promise<World> {
    const worlds: World[] = [];
    const server = await serve((request, response) => worlds[0]!.#answer(request, response));
    const world = new World(server);
    worlds.push(world);
    return world;
  }

  private constructor(server: TestServer) {
    this.#server = server;
  }

  spec(more: Record<string, unknown> = {}): Spec {
    const auth = { appRole: { path: 'approle', roleId: 'r', secretRef: { name: 'account', key: 'id' } } };
    const provider = { server: this.#server.url, auth };
    const written = { provider, path: 'database/creds/reader', retrySettings: { maxRetries: 0 }, ...more };
    return vaultDynamicSecretSpec(vaultSpec).parse(written) as Spec;
  }

  generate(more: Record<string, unknown> = {}): Promise<Generated> {
    return vaultDynamicSecretGenerator.generate(this.spec(more), this.context());
  }

  /** The lease as a process finds it that starts now. */
  restore(lease: Lease): Lease {
    const state = JSON.parse(JSON.stringify(lease.state)) as unknown;
    return vaultDynamicSecretGenerator.restore!(this.spec(), state, () => this.context());
  }

  /** `PUT auth/token/renew-self` and so on, since the last look. */
  asked(): string[] {
    return this.#server.received.splice(0).map(({ method, url }) => `${method} ${url.replace('/v1/', '')}`);
  }

  get last(): Received | undefined {
    return this.#server.received.at(-1);
  }

  context(): GeneratorContext {
    return {
      store: { kind: 'SecretStore', namespace: 'shop', name: 'db', uid: 'g1', generation: 1 },
      namespace: 'shop',
      cluster: access,
      clock: this.clock,
      environment: {
        awsEndpoints: {},
        awsDefaults: {},
        allowTargets: ['127.0.0.0/8'],
        controllerCredentialsForAll: true,
      },
      observe: () => {},
      signal,
    };
  }

  #answer({ method, url }: Received, response: ServerResponse): void {
    const { status = 200, body } = this.answers[`${method} ${url}`] ?? {
      status: 403,
      body: { errors: ['permission denied'] },
    };
    response.statusCode = status;
    const plain = { request_id: 'q', lease_id: '', lease_duration: 0, renewable: false, data: null, auth: null };
    response.end(status === 204 ? '' : JSON.stringify({ ...plain, ...body }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

const access: ClusterAccess = {
  secretKey: async () => SecretValue.ofText('secret-id'),
  certificateAuthority: async () => undefined,
  secret: unused,
  serviceAccount: unused,
  serviceAccountToken: unused,
  operatorToken: unused,
};

function unused(): never {
  throw new InvalidProviderConfigError('not used here');
}

function texts({ values }: Generated): Record<string, string> {
  return Object.fromEntries([...values].map(([key, value]) => [key, value.revealText()]));
}

describe('VaultDynamicSecret', () => {
  test('gives the data of the answer, numbers as they are written', async () => {
    await using world = await World.start();
    const made = await world.generate();
    assert.deepEqual(texts(made), { username: 'v-reader', password: 's3cret', port: '5432', ratio: '1.5' });
    assert.deepEqual(world.asked(), ['PUT auth/approle/login', 'GET database/creds/reader']);
    await made.lease?.drop();
  });

  test('gives the whole answer or its auth part when asked for', async () => {
    await using world = await World.start();
    const raw = await world.generate({ resultType: 'Raw' });
    assert.equal(texts(raw)['lease_id'], 'database/creds/reader/1');
    assert.equal(texts(raw)['auth'], '');
    world.answers = { ...usual, 'PUT /v1/auth/token/create': { body: { auth: token('made', 600) } } };
    const auth = await world.generate({ path: 'auth/token/create', method: 'POST', resultType: 'Auth' });
    assert.equal(texts(auth)['client_token'], 'value-of-made');
    assert.equal(texts(auth)['policies'], '["default","db"]');
    await Promise.all([raw.lease?.drop(), auth.lease?.drop()]);
  });

  const methods: readonly (readonly [Record<string, unknown>, string, string])[] = [
    [{}, 'GET', '/v1/any/path'],
    [{ getParameters: { a: ['1', '2'], b: ['x y'] } }, 'GET', '/v1/any/path?a=1&a=2&b=x+y'],
    [{ method: 'LIST' }, 'GET', '/v1/any/path?list=true'],
    [{ method: 'DELETE' }, 'DELETE', '/v1/any/path'],
    [{ method: 'PATCH', parameters: { ttl: '1h' } }, 'PUT', '/v1/any/path'],
    [{ method: 'GET', path: '/any/path' }, 'GET', '/v1/any/path'],
  ];
  for (const [more, method, url] of methods) {
    test(`${JSON.stringify(more)} asks ${method} ${url}`, async () => {
      await using world = await World.start();
      world.answers = { ...usual, [`${method} ${url}`]: { body: { data: { a: 'b' } } } };
      assert.deepEqual(texts(await world.generate({ path: 'any/path', ...more })), { a: 'b' });
      assert.deepEqual(world.asked(), [
        'PUT auth/approle/login',
        `${method} ${url.replace('/v1/', '')}`,
        'PUT auth/token/revoke-self',
      ]);
    });
  }

  test('takes an empty answer for an error unless it is allowed', async () => {
    await using world = await World.start();
    for (const empty of [{ status: 204 }, { status: 404, body: { errors: [] } }, { body: {} }]) {
      world.answers = { ...usual, 'GET /v1/database/creds/reader': empty };
      await assert.rejects(world.generate(), /without data; if that is expected, set allowEmptyResponse/);
      assert.deepEqual(texts(await world.generate({ allowEmptyResponse: true })), {});
    }
    world.answers = { ...usual, 'GET /v1/database/creds/reader': { body: { auth: token('made', 60) } } };
    await assert.rejects(world.generate(), /set resultType to Auth/);
  });

  test('gives its token back when the call is refused', async () => {
    await using world = await World.start();
    world.answers = { ...usual, 'GET /v1/database/creds/reader': undefined };
    await assert.rejects(world.generate(), /needs "read" on database\/creds\/reader/);
    assert.equal(world.asked().at(-1), 'PUT auth/token/revoke-self');
  });
});

describe('a lease of Vault', () => {
  test('is told by names and times, never by a value', async () => {
    await using world = await World.start();
    const { lease } = await world.generate();
    const { id, ...state } = lease!.state;
    assert.equal(typeof id, 'string');
    assert.deepEqual(state, {
      login: { accessor: 'accessor-of-login', seconds: 7200, renewable: true },
      lease: { id: 'database/creds/reader/1', seconds: 3600, renewable: true },
    });
    await lease?.drop();
  });

  test('is renewed at half of its life, and the token that it hangs on as well', async () => {
    await using world = await World.start();
    const { lease } = await world.generate();
    world.asked();
    assert.equal(lease?.renewInMs(), HOUR / 2);
    await world.clock.advance(HOUR / 2);
    await lease.renew(signal);
    assert.deepEqual(world.asked(), ['PUT sys/leases/renew']);
    await world.clock.advance(HOUR / 2);
    await lease.renew(signal);
    assert.deepEqual(world.asked().sort(), ['PUT auth/token/renew-self', 'PUT sys/leases/renew']);
    assert.equal(lease.renewInMs(), HOUR / 2);
    await lease.drop();
  });

  test('is no longer renewed when Vault grants next to nothing more, or refuses', async () => {
    await using world = await World.start();
    world.answers = {
      ...usual,
      'PUT /v1/sys/leases/renew': { body: { lease_duration: 60 } },
      'PUT /v1/auth/token/renew-self': undefined,
    };
    const { lease } = await world.generate();
    await world.clock.advance(HOUR);
    world.answers = { ...world.answers };
    await lease!.renew(signal);
    assert.equal(lease!.renewInMs(), undefined);
    await lease!.drop();
  });

  test('is tried again before it ends when Vault cannot be reached', async () => {
    await using world = await World.start();
    world.answers = { ...usual, 'PUT /v1/sys/leases/renew': { status: 503, body: { errors: ['sealed'] } } };
    const { lease } = await world.generate();
    await world.clock.advance(HOUR / 2);
    await assert.rejects(lease!.renew(signal), /503/);
    assert.equal(lease!.renewInMs(), HOUR / 8);
    await lease!.drop();
  });

  test('is taken away with the token it was made with', async () => {
    await using world = await World.start();
    const { lease } = await world.generate();
    world.asked();
    await lease!.revoke(signal);
    assert.deepEqual(world.asked(), ['PUT auth/token/revoke-self']);
  });

  test('of a token out of a Secret is taken away by its id: that token is not ours', async () => {
    await using world = await World.start();
    const { server } = world.spec().provider;
    const provider = { server, auth: { tokenSecretRef: { name: 'account', key: 'token' } } };
    world.answers = { ...usual, 'PUT /v1/sys/leases/revoke': { status: 204 } };
    const { lease } = await world.generate({ provider });
    assert.equal(lease?.state['login'], undefined);
    world.asked();
    await lease?.revoke(signal);
    assert.deepEqual(world.asked(), ['PUT sys/leases/revoke']);
  });
});

describe('a lease of Vault after a restart', () => {
  test('is renewed soon, by accessor and id, with a login that is given back', async () => {
    await using world = await World.start();
    const { lease: before } = await world.generate();
    const lease = world.restore(before!);
    await before!.drop();
    world.asked();
    world.answers = { ...usual, 'PUT /v1/auth/token/renew-accessor': { body: { auth: token('login', 7200) } } };
    assert.ok(lease.renewInMs()! <= HOUR / 10);
    await world.clock.advance(HOUR / 5);
    await lease.renew(signal);
    const login = ['PUT auth/approle/login', 'PUT auth/token/revoke-self'];
    assert.deepEqual(
      world.asked().sort(),
      [...login, ...login, 'PUT auth/token/renew-accessor', 'PUT sys/leases/renew'].sort(),
    );
    assert.equal(lease.renewInMs(), HOUR / 2);
  });

  test('is taken away by the accessor of its token, else by its own id', async () => {
    await using world = await World.start();
    const { lease: before } = await world.generate();
    await before!.drop();
    world.asked();
    world.answers = { ...usual, 'PUT /v1/auth/token/revoke-accessor': { status: 204 } };
    await world.restore(before!).revoke(signal);
    assert.deepEqual(world.asked(), [
      'PUT auth/approle/login',
      'PUT auth/token/revoke-accessor',
      'PUT auth/token/revoke-self',
    ]);
    world.answers = { ...usual, 'PUT /v1/sys/leases/revoke': { status: 204 } };
    await world.restore(before!).revoke(signal);
    assert.equal(world.asked()[2], 'PUT sys/leases/revoke');
  });

  test('is gone when Vault does not know it, and says so when no way is allowed', async () => {
    await using world = await World.start();
    const { lease: before } = await world.generate();
    await before!.drop();
    world.answers = {
      ...usual,
      'PUT /v1/auth/token/revoke-accessor': { status: 400, body: { errors: ['invalid accessor'] } },
    };
    await world.restore(before!).revoke(signal);
    world.answers = usual;
    await assert.rejects(world.restore(before!).revoke(signal), PermissionDeniedError);
  });

  test('is not ours when another program wrote the state', async () => {
    await using world = await World.start();
    const restore = vaultDynamicSecretGenerator.restore!;
    assert.throws(() => restore(world.spec(), { token: 'x' }, () => world.context()), /not written by this operator/);
  });
});
