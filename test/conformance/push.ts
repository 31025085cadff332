/**
 * What every provider that can be written must do, written once against the contract (`src/providers/provider.ts`) and run
 * for each backend whose values can be read back.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PermissionDeniedError, ProviderError, SecretNotFoundError } from '../../src/providers/errors.ts';
import type { ProviderModule, Push, PushEntry, PushOutcome, SecretsClient } from '../../src/providers/provider.ts';
import { SecretValue } from '../../src/secret-value.ts';

/** One backend with its provider, as the suite drives it. Keys are remote keys. */
export interface PushBackend {
  /** A new session, whose calls nothing is shared with. */
  open(): Promise<{ readonly client: SecretsClient; readonly module: ProviderModule<never> }>;
  /** Puts a JSON object there that is not ours. */
  putForeign(key: string, json: string): Promise<void>;
  /** Calls at the backend since the last `resetCalls()`. */
  calls(): Promise<ReadonlyMap<string, number>>;
  resetCalls(): Promise<void>;
  /** Is this call (a name out of `calls()`) one that changes something? */
  isWrite(call: string): boolean;
  /** Writing is forbidden, reading is not, until `heal`. Absent: cannot be had here. */
  denyWrites?(): Promise<void>;
  heal?(): Promise<void>;
  close(): Promise<void>;
}

export interface PushTraits {
  /** Foreign values are told apart and refused. */
  readonly marksOwnership: boolean;
  /** Writers in different sessions do not lose each other's properties. */
  readonly comparesAndSets: boolean;
  /** A value need not be a JSON object, and a single key can be pushed without property. */
  readonly plainValues: boolean;
  /** Calls of one push that finds nothing to do. */
  readonly callsWhenUnchanged: number;
  /** What a push of the whole Secret needs, so that its values can be read as they are. */
  readonly wholeMetadata?: unknown;
  /** Writes that update one secret that is there. */
  readonly writesPerUpdate: number;
}

const SECRET = 'hunter2-do-not-show';

/** A push of `data` with entries `[secretKey, property]`; undefined secretKey: the whole. */
export function pushOf(
  remoteKey: string,
  data: Readonly<Record<string, string>>,
  entries: readonly (readonly [secretKey: string | undefined, property: string | undefined, metadata?: unknown])[],
  more: Partial<Push['source']> = {},
): Push {
  const values = Object.entries(data).map(([key, text]) => [key, SecretValue.ofText(text)] as const);
  return {
    remoteKey,
    entries: entries.map(([secretKey, property, metadata]): PushEntry => ({ secretKey, property, metadata })),
    source: { data: new Map(values), type: 'Opaque', labels: {}, annotations: {}, ...more },
    readReference: async () => assert.fail('no reference was to be read'),
  };
}

export function pushConformance(name: string, traits: PushTraits, makeBackend: () => Promise<PushBackend>): void {
  describe(`${name} meets the push contract`, () => {
    let backend: PushBackend;
    let number = 0;
    const newKey = (): string => `push-${number++}`;
    const { signal } = new AbortController();
    before(async () => {
      backend = await makeBackend();
    });
    after(() => backend.close());

    async function withClient<T>(
      work: (client: SecretsClient, module: ProviderModule<never>) => Promise<T>,
    ): Promise<T> {
      const { client, module } = await backend.open();
      try {
        return await work(client, module);
      } finally {
        await client.close();
      }
    }
    const push = (wanted: Push): Promise<PushOutcome> => withClient((client) => client.push!(wanted, signal));
    const remove = (wanted: Push): Promise<void> => withClient((client) => client.remove!(wanted, signal));
    const exists = (key: string, property?: string): Promise<boolean> =>
      withClient((client) => client.exists!(key, property, signal));
    const read = (key: string, property?: string): Promise<string | undefined> =>
      withClient(async (client, module) => {
        const [outcome] = await client.read([{ key }], signal);
        if (outcome?.ok === true) return module.values.select(outcome.value, { key, property }).revealText();
        if (outcome?.error instanceof SecretNotFoundError) return undefined;
        throw outcome?.error ?? new Error('no outcome');
      });
    async function counted(work: () => Promise<unknown>): Promise<{ all: number; writes: number }> {
      await backend.resetCalls();
      await work();
      const calls = [...(await backend.calls())];
      const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
      const writes = calls.filter(([call]) => backend.isWrite(call));
      return { all: sum(calls.map(([, count]) => count)), writes: sum(writes.map(([, count]) => count)) };
    }

    test('a property is created, and read back as it was pushed', async () => {
      const key = newKey();
      assert.equal(await push(pushOf(key, { a: 'p&<>"é\n' }, [['a', 'pass']])), 'created');
      assert.equal(await read(key, 'pass'), 'p&<>"é\n');
    });

    test('the whole Secret is one value with all its keys, and replaces what was there', async () => {
      const key = newKey();
      assert.equal(
        await push(pushOf(key, { user: 'u', pass: 'p' }, [[undefined, undefined, traits.wholeMetadata]])),
        'created',
      );
      assert.equal(await read(key, 'user'), 'u');
      assert.equal(await push(pushOf(key, { token: 't' }, [[undefined, undefined, traits.wholeMetadata]])), 'updated');
      assert.equal(await read(key, 'token'), 't');
      await assert.rejects(read(key, 'user'), ProviderError);
    });

    if (traits.plainValues) {
      test('a single key is the value itself, byte for byte', async () => {
        const key = newKey();
        assert.equal(await push(pushOf(key, { a: 'plain ü\n' }, [['a', undefined]])), 'created');
        assert.equal(await read(key), 'plain ü\n');
        assert.equal(await push(pushOf(key, { a: 'other' }, [['a', undefined]])), 'updated');
        assert.equal(await read(key), 'other');
      });
    }

    test('what is unchanged is not written, over a hundred refreshes of new and of kept sessions', async () => {
      const key = newKey();
      const wanted = pushOf(key, { user: 'u', pass: SECRET }, [
        ['user', 'user'],
        ['pass', 'pass'],
      ]);
      await push(wanted);
      await withClient(async (client) => {
        await client.push!(wanted, signal);
        const { all, writes } = await counted(async () => {
          for (let refresh = 0; refresh < 90; refresh++) assert.equal(await client.push!(wanted, signal), 'unchanged');
        });
        assert.equal(writes, 0);
        assert.equal(all, 90 * traits.callsWhenUnchanged);
      });
      const { writes } = await counted(async () => {
        for (let refresh = 0; refresh < 10; refresh++) assert.equal(await push(wanted), 'unchanged');
      });
      assert.equal(writes, 0);
    });

    test('a whole Secret that is unchanged is not written', async () => {
      const key = newKey();
      const wanted = pushOf(key, { user: 'u', odd: '{"n":1.50,"a":[{}]}' }, [[undefined, undefined]]);
      await push(wanted);
      const { writes } = await counted(async () => assert.equal(await push(wanted), 'unchanged'));
      assert.equal(writes, 0);
    });

    test('a changed property is updated, the others stay', async () => {
      const key = newKey();
      const entries = [
        ['user', 'user'],
        ['pass', 'pass'],
      ] as const;
      await push(pushOf(key, { user: 'u', pass: 'old' }, entries));
      assert.equal(await push(pushOf(key, { user: 'u', pass: 'new' }, [['pass', 'pass']])), 'updated');
      assert.equal(await read(key, 'user'), 'u');
      assert.equal(await read(key, 'pass'), 'new');
    });

    test('several properties are one write', async () => {
      const key = newKey();
      const entries = ['a', 'b', 'c', 'd', 'e'].map((property) => [property, property] as const);
      const values = (text: string) => Object.fromEntries(entries.map(([property]) => [property, text + property]));
      await push(pushOf(key, values('one '), entries));
      const { writes } = await counted(async () =>
        assert.equal(await push(pushOf(key, values('two '), entries)), 'updated'),
      );
      assert.equal(writes, traits.writesPerUpdate);
      for (const [property] of entries) assert.equal(await read(key, property), `two ${property}`);
    });

    if (traits.marksOwnership) {
      test('what somebody else made is refused by name, not changed and not removed', async () => {
        const key = newKey();
        await backend.putForeign(key, `{"pass":"${SECRET}"}`);
        for (const entries of [[['a', 'pass']], [[undefined, undefined]]] as const)
          await assert.rejects(push(pushOf(key, { a: 'mine-and-secret' }, entries)), (error: unknown) => {
            assert.ok(error instanceof ProviderError);
            assert.match(error.message, new RegExp(`"${key}".*not managed by external-secrets`));
            assert.doesNotMatch(error.message, new RegExp(`${SECRET}|mine-and-secret`));
            return true;
          });
        await remove(pushOf(key, {}, [[undefined, undefined]]));
        await remove(pushOf(key, {}, [['a', 'pass']]));
        assert.equal(await read(key, 'pass'), SECRET);
      });
    }

    test('a property is taken away alone, and with the last one the whole goes', async () => {
      const key = newKey();
      const entries = [
        ['a', 'a'],
        ['b', 'b'],
      ] as const;
      await push(pushOf(key, { a: '1', b: '2' }, entries));
      await remove(pushOf(key, {}, [['a', 'a']]));
      assert.equal(await exists(key, 'a'), false);
      assert.equal(await read(key, 'b'), '2');
      await remove(pushOf(key, {}, [['b', 'b']]));
      assert.equal(await exists(key), false);
      assert.equal(await read(key), undefined);
    });

    test('several properties are taken away together', async () => {
      const key = newKey();
      const entries = ['a', 'b', 'c'].map((property) => [property, property] as const);
      await push(pushOf(key, { a: '1', b: '2', c: '3' }, entries));
      const { writes } = await counted(() => remove(pushOf(key, {}, entries.slice(0, 2))));
      assert.equal(writes, traits.writesPerUpdate);
      assert.equal(await read(key, 'c'), '3');
    });

    test('the whole is removed; removing it again, or what never was, is a success without a write', async () => {
      const key = newKey();
      await push(pushOf(key, { a: '1' }, [[undefined, undefined]]));
      await remove(pushOf(key, {}, [[undefined, undefined]]));
      assert.equal(await read(key), undefined);
      const { writes } = await counted(async () => {
        await remove(pushOf(key, {}, [[undefined, undefined]]));
        await remove(pushOf(newKey(), {}, [['a', 'a']]));
      });
      assert.equal(writes, 0);
    });

    test('it is known what exists, with its properties', async () => {
      const key = newKey();
      assert.equal(await exists(key), false);
      assert.equal(await exists(key, 'a'), false);
      await push(pushOf(key, { a: '1' }, [['a', 'a']]));
      assert.equal(await exists(key), true);
      assert.equal(await exists(key, 'a'), true);
      assert.equal(await exists(key, 'b'), false);
    });

    test('properties pushed at the same time in one session all arrive', async () => {
      const key = newKey();
      await push(pushOf(key, { x: 'x' }, [['x', 'first']]));
      await withClient((client) => manyAtOnce(() => Promise.resolve(client), key));
      await expectAll(key);
    });

    if (traits.comparesAndSets) {
      test('properties pushed at the same time from different sessions all arrive', async () => {
        const key = newKey();
        await push(pushOf(key, { x: 'x' }, [['x', 'first']]));
        await manyAtOnce(async () => (await backend.open()).client, key);
        await expectAll(key);
      });
      test('a secret made from different sessions at the same time has all properties', async () => {
        const key = newKey();
        await manyAtOnce(async () => (await backend.open()).client, key);
        await expectAll(key);
      });
    }

    test('an abort before the write is told, and nothing is written', async () => {
      const key = newKey();
      const reason = new Error('shutting down');
      const { writes } = await counted(() =>
        assert.rejects(
          withClient((client) => client.push!(pushOf(key, { a: '1' }, [['a', 'a']]), AbortSignal.abort(reason))),
          reason,
        ),
      );
      assert.equal(writes, 0);
    });

    test('a denied write names key and remedy and shows no value', async () => {
      if (backend.denyWrites === undefined) return;
      const key = newKey();
      await push(pushOf(key, { a: 'old' }, [['a', 'a']]));
      try {
        await backend.denyWrites();
        await assert.rejects(push(pushOf(key, { a: SECRET }, [['a', 'a']])), (error: unknown) => {
          assert.ok(error instanceof PermissionDeniedError, String(error));
          assert.match(error.message, new RegExp(key));
          assert.doesNotMatch(error.message, new RegExp(SECRET));
          return true;
        });
      } finally {
        await backend.heal?.();
      }
      assert.equal(await read(key, 'a'), 'old');
    });

    const NAMES = ['a', 'b', 'c', 'd'];

    async function manyAtOnce(client: () => Promise<SecretsClient>, key: string): Promise<void> {
      const clients = await Promise.all(NAMES.map(client));
      await Promise.all(
        NAMES.map((property, at) => clients[at]!.push!(pushOf(key, { k: property }, [['k', property]]), signal)),
      );
    }

    async function expectAll(key: string): Promise<void> {
      for (const property of NAMES) assert.equal(await read(key, property), property);
    }
  });
}
