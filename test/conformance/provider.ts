/**
 * What every provider must do, written once against the contract (`src/providers/provider.ts`) and run for each backend.
 * A backend says what it can hold; its faults decide which cases apply.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AuthenticationError,
  BackendUnavailableError,
  PermissionDeniedError,
  ProviderError,
  SecretNotFoundError,
  ThrottledError,
} from '../../src/providers/errors.ts';
import type { OutageError, PropertyNotFoundError } from '../../src/providers/errors.ts';
import type { ProviderModule, RemoteRef, SecretsClient } from '../../src/providers/provider.ts';
import { SecretsReader } from '../../src/providers/reader.ts';
import type { Clock } from '../../src/clock.ts';
import type { SecretValue } from '../../src/secret-value.ts';

/** One backend with its provider, as the suite drives it. Keys are remote keys. */
export interface ProviderBackend {
  readonly clock: Clock;
  /** A new session. What was put before is visible. */
  open(): Promise<{ readonly client: SecretsClient; readonly module: ProviderModule<never> }>;
  /** Writes a value and returns what `version` addresses exactly this one. */
  put(key: string, value: string | Uint8Array): Promise<string>;
  /** Calls that carry values, since the last `resetCalls()`. */
  calls(): Promise<ReadonlyMap<string, number>>;
  resetCalls(): Promise<void>;
  close(): Promise<void>;
}

export interface ProviderFaults {
  /** Reading this key is forbidden, also inside a batch. */
  denyKey(key: string): Promise<void>;
  /** The batch call is forbidden, single reads are not. Absent: there is no batch call. */
  denyBatch?(): Promise<void>;
  throttle(): Promise<void>;
  /** The backend is up and fails. */
  fail(): Promise<void>;
  /** Credentials that can be had anew expire now. */
  expireCredentials(): Promise<void>;
  /** Answers take this many real milliseconds. */
  slow(ms: number): Promise<void>;
  /** Connections are refused until `heal`. */
  stop(): Promise<void>;
  heal(): Promise<void>;
}

export interface ProviderTraits {
  /** The largest value in bytes. */
  readonly largest: number;
  readonly binary: boolean;
  readonly empty: boolean;
  readonly versions: boolean;
  /** The error for a missing property: most say so, the fake one calls the secret missing. */
  readonly missingProperty: typeof PropertyNotFoundError | typeof SecretNotFoundError;
  /** What a key of this backend may have between words; default "-". */
  readonly separator?: string;
  /** Some backends can only hold JSON objects. Default false: plain text is fine. */
  readonly objectsOnly?: boolean;
  /** The backend itself passes numbers through floating point, so that large integers are lost before we read them. */
  readonly roundsIntegers?: boolean;
}

const NESTED =
  '{"user":"u1","pass":"p&<>\\"é","port":6432,"tls":true,"opts":{"a": 1},"dotted.name":"lit","list":["x"],"none":null}';

/** `faultsOf` is asked only when the backend can be broken on request. */
export function providerConformance<Backend extends ProviderBackend>(
  name: string,
  traits: ProviderTraits,
  makeBackend: () => Promise<Backend>,
  faultsOf?: (backend: Backend) => ProviderFaults,
): void {
  describe(`${name} meets the provider contract`, () => {
    let backend: Backend;
    let number = 0;
    const newKey = (): string => `conformance${traits.separator ?? '-'}${number++}`;
    const { signal } = new AbortController();
    before(async () => {
      backend = await makeBackend();
    });
    after(() => backend.close());

    async function read(ref: RemoteRef): Promise<SecretValue> {
      const { client, module } = await backend.open();
      return module.values.select(await readWhole(client, ref.key, ref), ref);
    }

    async function readWhole(
      client: SecretsClient,
      key: string,
      ref: Omit<RemoteRef, 'key'> = {},
    ): Promise<SecretValue> {
      const reader = new SecretsReader(client, { clock: backend.clock });
      try {
        return await reader.read({ ...ref, key }, { notBefore: 0, signal });
      } finally {
        reader.close();
      }
    }

    /** Puts a value under a new key, reads it through a reader and gives its text. */
    async function readBack(value: string, ref: Omit<RemoteRef, 'key'> = {}): Promise<string> {
      const key = newKey();
      await backend.put(key, value);
      return (await read({ key, ...ref })).revealText();
    }

    if (traits.objectsOnly !== true) {
      test('a plain text comes back byte for byte', async () => {
        assert.equal(await readBack('tok-9f2 ü\n'), 'tok-9f2 ü\n');
      });
      test('numbers keep what was written', async () => {
        assert.equal(await readBack('12345678901234567890.50'), '12345678901234567890.50');
      });
      test('a value of the largest size comes back', async () => {
        const value = 'x'.repeat(traits.largest);
        assert.equal(await readBack(value), value);
      });
      test('a property of a plain text is missing, and the error says what to do', async () => {
        await assert.rejects(readBack('plain', { property: 'p' }), traits.missingProperty);
      });
    }

    for (const [property, text] of [
      ['user', 'u1'],
      ['pass', 'p&<>"é'],
      ['port', '6432'],
      ['tls', 'true'],
      ['opts.a', '1'],
      ['list.0', 'x'],
      ['none', ''],
    ] as const) {
      test(`property ${property} of a JSON object is its text`, async () => {
        assert.equal(await readBack(NESTED, { property }), text);
      });
    }

    test('every member of a JSON object becomes an entry', async () => {
      const key = newKey();
      const integer = traits.roundsIntegers === true ? '1234567890123456' : '12345678901234567890';
      await backend.put(key, `{"api_key":"k","n":${integer},"b":false}`);
      const { client, module } = await backend.open();
      const entries = module.values.entries(await readWhole(client, key), { key });
      const texts = [...entries].map(([entry, value]) => [entry, value.revealText()]);
      assert.deepEqual(Object.fromEntries(texts), { api_key: 'k', n: integer, b: 'false' });
    });

    test('a missing key is "not found", and the error names it', async () => {
      const key = newKey();
      await assert.rejects(
        read({ key }),
        (error: unknown) => error instanceof SecretNotFoundError && error.message.includes(key),
      );
    });

    test('a missing property is an error that names property and key and shows no value', async () => {
      const key = newKey();
      await backend.put(key, '{"a":"hunter2"}');
      await assert.rejects(read({ key, property: 'nope' }), (error: unknown) => {
        assert.ok(error instanceof traits.missingProperty);
        assert.match(error.message, new RegExp(`nope.*${key}`));
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    });

    test('a missing key fails only those who asked for it', async () => {
      const there = newKey();
      await backend.put(there, '{"a":1}');
      const { client } = await backend.open();
      const outcomes = await client.read(
        [{ key: newKey() }, { key: there }, { key: newKey() }].slice(0, Math.max(client.batchSize, 1)),
        signal,
      );
      assert.equal(outcomes[0]?.ok, false);
      if (client.batchSize > 1) assert.equal(outcomes[1]?.ok, true);
    });

    if (traits.binary) {
      test('bytes that are no text come back as they are', async () => {
        const key = newKey();
        const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
        await backend.put(key, bytes);
        assert.deepEqual(Buffer.from((await read({ key })).reveal()), Buffer.from(bytes));
      });
    }
    if (traits.empty) {
      test('an empty value is a value', async () => assert.equal(await readBack(''), ''));
    }
    if (traits.versions) {
      test('an older version can be read, and a missing one is "not found"', async () => {
        const key = newKey();
        const old = await backend.put(key, '{"v":"old"}');
        await backend.put(key, '{"v":"new"}');
        assert.equal((await read({ key, property: 'v' })).revealText(), 'new');
        assert.equal((await read({ key, property: 'v', version: old })).revealText(), 'old');
        await assert.rejects(read({ key, version: '999' }), SecretNotFoundError);
      });
    }

    test('a session proves itself', async () => {
      const { client } = await backend.open();
      assert.equal(await client.validate(signal), 'Ready');
      await client.close();
    });

    if (faultsOf !== undefined) faultCases(() => ({ backend, faults: faultsOf(backend), newKey }));
  });
}

interface Broken {
  readonly backend: ProviderBackend;
  readonly faults: ProviderFaults;
  readonly newKey: () => string;
}

function faultCases(world: () => Broken): void {
  /** Two values and a session, so that batches happen; heals afterwards. */
  async function broken(
    body: (parts: Broken & { client: SecretsClient; keys: readonly string[] }) => Promise<void>,
  ): Promise<void> {
    const parts = world();
    const keys = [parts.newKey(), parts.newKey(), parts.newKey()];
    for (const key of keys) await parts.backend.put(key, `{"k":"${key}"}`);
    const { client } = await parts.backend.open();
    await parts.backend.resetCalls();
    try {
      await body({ ...parts, client, keys });
    } finally {
      await parts.faults.heal();
    }
  }
  const refs = (keys: readonly string[]): { key: string }[] => keys.map((key) => ({ key }));
  const signal = (): AbortSignal => new AbortController().signal;
  async function failure(client: SecretsClient, key: string): Promise<unknown> {
    try {
      const [outcome] = await client.read([{ key }], signal());
      return outcome?.ok === false ? outcome.error : undefined;
    } catch (error) {
      return error;
    }
  }

  test('a denied key is a denial that names it, its neighbours are read', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.denyKey(keys[1]!);
      const outcomes = client.batchSize > 1 ? await client.read(refs(keys), signal()) : [];
      for (const [index, outcome] of outcomes.entries()) assert.equal(outcome.ok, index !== 1);
      const error = await failure(client, keys[1]!);
      assert.ok(error instanceof PermissionDeniedError, String(error));
      assert.ok(error.message.includes(keys[1]!));
    }));

  test('a forbidden batch call is replaced by single reads, and remembered', () =>
    broken(async ({ backend, client, faults, keys }) => {
      if (faults.denyBatch === undefined) return;
      await faults.denyBatch();
      const first = await client.read(refs(keys), signal());
      assert.ok(first.every(({ ok }) => ok));
      await backend.resetCalls();
      assert.ok((await client.read(refs(keys), signal())).every(({ ok }) => ok));
      assert.equal(
        [...(await backend.calls())].reduce((sum, [, count]) => sum + count, 0),
        keys.length,
      );
    }));

  test('throttling is told as such', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.throttle();
      const error = await failure(client, keys[0]!);
      assert.ok(error instanceof ThrottledError);
      isForAnyone(error, keys[0]!);
    }));

  test('a failing backend is unavailable, never "not found"', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.fail();
      const error = await failure(client, keys[0]!);
      assert.ok(error instanceof BackendUnavailableError);
      isForAnyone(error, keys[0]!);
    }));

  test('a backend that is gone is unavailable, and the error names its host', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.stop();
      const error = await failure(client, keys[0]!);
      assert.ok(error instanceof BackendUnavailableError, String(error));
      assert.match(error.message, /127\.0\.0\.1/);
      isForAnyone(error, keys[0]!);
      await faults.heal();
      assert.equal(await failure(client, keys[0]!), undefined);
    }));

  test('expired credentials are replaced without anybody noticing', () =>
    broken(async ({ client, faults, keys }) => {
      assert.equal(await failure(client, keys[0]!), undefined);
      await faults.expireCredentials();
      assert.equal(await failure(client, keys[0]!), undefined);
    }));

  test('errors are the same from try to try', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.denyKey(keys[0]!);
      const [one, two] = [await failure(client, keys[0]!), await failure(client, keys[0]!)];
      assert.ok(one instanceof ProviderError && two instanceof ProviderError && !(one instanceof AuthenticationError));
      assert.equal(one.message, two.message);
    }));

  test('a slow answer is waited for', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.slow(200);
      assert.equal(await failure(client, keys[0]!), undefined);
    }));

  test('an abort in flight ends the call at once with its reason', () =>
    broken(async ({ client, faults, keys }) => {
      await faults.slow(2_000);
      const controller = new AbortController();
      const reason = new Error('shutting down');
      const reading = client.read([{ key: keys[0]! }], controller.signal);
      const started = Date.now();
      setTimeout(() => controller.abort(reason), 50);
      await assert.rejects(reading, reason);
      assert.ok(Date.now() - started < 1_500);
    }));
}

/** What everybody hears who waits for the same backend does not say what one of them reads. */
function isForAnyone({ toOthers }: OutageError, key: string): void {
  assert.ok(!toOthers.includes(key), toOthers);
  assert.match(toOthers, /\w/);
}
