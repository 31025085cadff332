/** Pushing to Parameter Store beyond what every backend does (`test/conformance/push.ts`): metadata, limits, denials. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startAws, type SandboxAws } from '../../../sandbox/aws/server.ts';
import { WarpClock } from '../../../test/builders/warp-clock.ts';
import { openAws } from '../../../test/conformance/aws.ts';
import { pushOf } from '../../../test/conformance/push.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError } from '../errors.ts';
import type { Push, PushOutcome } from '../provider.ts';

const { signal } = new AbortController();

describe('pushing to Parameter Store', () => {
  const clock = new WarpClock();
  let aws: SandboxAws;
  let number = 0;
  const newKey = (): string => `/push/${number++}`;
  before(async () => {
    aws = await startAws({ clock });
    await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  });
  after(() => aws.stop());
  beforeEach(async () => {
    await aws.heal();
    await aws.resetCalls();
  });

  const open = (spec: Record<string, unknown> = {}) => openAws(aws, clock, { service: 'ParameterStore', ...spec });
  const send = async (push: Push): Promise<PushOutcome> => (await open()).push!(push, signal);
  const text = (key: string, value: string, metadata?: unknown) =>
    send(pushOf(key, { a: value }, [['a', undefined, metadata]]));
  async function remove(key: string, property?: string): Promise<void> {
    const client = await open();
    await client.remove!({ remoteKey: key, entries: [{ secretKey: 'a', property, metadata: undefined }] }, signal);
  }
  const current = (key: string) => aws.parameter(key)?.versions.at(-1);
  const tagsOf = (key: string) => Object.fromEntries(aws.parameter(key)?.tags ?? []);
  const actions = () => aws.recorded().map(({ action }) => action);
  const inputOf = (action: string) => aws.recorded().findLast((call) => call.action === action)?.input;

  test('without metadata it makes a String with our tag and description, and calls nothing else', async () => {
    const key = newKey();
    assert.equal(await text(key, 'v1'), 'created');
    assert.deepEqual(actions(), ['GetParameter', 'PutParameter']);
    assert.deepEqual(inputOf('PutParameter'), {
      Name: key,
      Value: 'v1',
      Type: 'String',
      Description: "secret 'managed-by:external-secrets'",
      Tags: [{ Key: 'managed-by', Value: 'external-secrets' }],
      Overwrite: false,
    });
    await aws.resetCalls();
    assert.equal(await text(key, 'v2'), 'updated');
    assert.deepEqual(actions(), ['GetParameter', 'ListTagsForResource', 'PutParameter']);
    assert.equal(inputOf('PutParameter')?.['Tags'], undefined);
  });

  test('type, key, tier and policies are those of the metadata; a key only for a SecureString', async () => {
    const key = newKey();
    const policies = [{ Type: 'Expiration', Version: '1.0', Attributes: { Timestamp: '2030-01-01T00:00:00.000Z' } }];
    await text(key, 'v', {
      secretType: 'SecureString',
      kmsKeyID: 'alias/shop',
      tier: { type: 'Advanced', policies },
      description: 'mine',
    });
    const { Type, KeyId, Tier, Policies, Description } = inputOf('PutParameter')!;
    assert.deepEqual(
      [Type, KeyId, Tier, Policies, Description],
      ['SecureString', 'alias/shop', 'Advanced', JSON.stringify(policies), 'mine'],
    );
    await text(newKey(), 'v', { kmsKeyID: 'alias/shop', tier: { type: 'Standard', policies } });
    const plain = inputOf('PutParameter')!;
    const { Type: type, ...rest } = plain;
    assert.equal(type, 'String');
    for (const field of ['KeyId', 'Tier', 'Policies']) assert.ok(!(field in rest), field);
    await text(newKey(), 'v', { secretType: 'SecureString' });
    assert.equal(inputOf('PutParameter')?.['KeyId'], 'alias/aws/ssm');
  });

  test('another type is written at once; without one in the metadata the type stays', async () => {
    const key = newKey();
    await text(key, 'v', { secretType: 'SecureString' });
    assert.equal(await text(key, 'v', { secretType: 'SecureString' }), 'unchanged');
    assert.equal(await text(key, 'v2'), 'updated');
    assert.equal(current(key)?.type, 'SecureString', 'never turned into plain text by leaving the type out');
    assert.equal(await text(key, 'v2', { secretType: 'String' }), 'updated');
    assert.equal(current(key)?.type, 'String');
  });

  test('tags are given, changed and taken away as the metadata says, also when the value is the same', async () => {
    const key = newKey();
    await text(key, 'v', { tags: { team: 'a', stage: 'dev' } });
    assert.equal(await text(key, 'v', { tags: { team: 'b' } }), 'updated');
    assert.deepEqual(tagsOf(key), { team: 'b', 'managed-by': 'external-secrets' });
    assert.ok(!actions().includes('PutParameter', actions().indexOf('PutParameter') + 1));
    await aws.resetCalls();
    assert.equal(await text(key, 'v3'), 'updated');
    assert.deepEqual(tagsOf(key), { team: 'b', 'managed-by': 'external-secrets' }, 'no tags said: none touched');
    assert.ok(!actions().includes('RemoveTagsFromResource'));
  });

  test('the whole Secret has its values in Base64 unless encodeAsDecoded says otherwise', async () => {
    const [encoded, decoded] = [newKey(), newKey()];
    const data = { user: 'u', pass: 'p' };
    await send(pushOf(encoded, data, [[undefined, undefined]]));
    assert.equal(current(encoded)?.value, '{"pass":"cA==","user":"dQ=="}');
    await send(pushOf(decoded, data, [[undefined, undefined, { encodeAsDecoded: true }]]));
    assert.equal(current(decoded)?.value, '{"pass":"p","user":"u"}');
  });

  test('what Parameter Store cannot hold is refused before a call, and says what to do', async () => {
    const bytes = pushOf(newKey(), {}, [['a', undefined]], {
      data: new Map([['a', SecretValue.ofBytes(Uint8Array.from([0xff, 0xfe]))]]),
    });
    await assert.rejects(send(bytes), /no text.*use Secrets Manager/);
    await assert.rejects(text(newKey(), ''), (error: unknown) => {
      assert.ok(error instanceof InvalidRefError);
      assert.match(error.message, /key "\/push\/\d+": the value is empty, and Parameter Store holds no empty values/);
      return true;
    });
    assert.ok(!actions().includes('PutParameter'));
  });

  test('a key with a colon would name a version: pushing refuses it, removing finds nothing', async () => {
    await aws.putParameter('/push/versioned', 'theirs');
    await assert.rejects(text('/push/versioned:1', 'v'), /key "\/push\/versioned:1".*colon.*version/);
    const client = await open();
    await assert.rejects(client.exists!('/push/versioned:1', undefined, signal), InvalidRefError);
    await remove('/push/versioned:1');
    assert.deepEqual(actions(), []);
    assert.equal(current('/push/versioned')?.value, 'theirs');
  });

  test('a value that is the word "sensitive" is as good as any', async () => {
    const key = newKey();
    await text(key, 'sensitive');
    assert.equal(await text(key, 'sensitive'), 'unchanged');
    assert.equal(await text(key, 'other'), 'updated');
  });

  test('a denial names action and parameter and how its ARN must look (Q16)', async () => {
    for (const action of ['GetParameter', 'PutParameter']) await aws.fault(action, 'deny', 'dev-key');
    await assert.rejects(text('dev-key', 'v'), (error: unknown) => {
      assert.ok(error instanceof PermissionDeniedError);
      assert.match(error.message, /^AWS denied GetParameter of key "dev-key"/);
      assert.match(error.message, /allow ssm:GetParameter.*ARN ends with ":parameter\/dev-key"/);
      assert.match(error.message, /PutParameter is denied as well/);
      return true;
    });
  });

  test('where reading a new name is denied it is made without looking; one that exists gives the denial', async () => {
    const key = newKey();
    await aws.fault('GetParameter', 'deny', key);
    assert.equal(await text(key, 'v'), 'created');
    await assert.rejects(text(key, 'v2'), /AWS denied GetParameter of key/);
    assert.equal(aws.parameter(key)?.versions.length, 1);
  });

  test('what is left when a property goes keeps its type and is written with its key', async () => {
    const key = newKey();
    const metadata = { secretType: 'SecureString', kmsKeyId: 'alias/shop' };
    await send(
      pushOf(key, { a: '1' }, [
        ['a', 'x', metadata],
        ['a', 'y'],
      ]),
    );
    const client = await open();
    await client.remove!({ remoteKey: key, entries: [{ secretKey: 'a', property: 'x', metadata }] }, signal);
    assert.deepEqual([current(key)?.value, current(key)?.type], ['{"y":"1"}', 'SecureString']);
    assert.equal(inputOf('PutParameter')?.['KeyId'], 'alias/shop');
  });
});
