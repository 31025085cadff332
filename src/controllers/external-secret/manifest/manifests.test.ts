import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKube } from '../../../../test/builders/fake-kube.ts';
import { ManualClock } from '../../../../test/builders/manual-clock.ts';
import { thing, things } from '../../../../test/builders/things.ts';
import { silentLog } from '../../../log.ts';
import type { Resource } from '../../../kube/types.ts';
import type { TargetView } from '../target-view.ts';
import { manifestKey, Manifests } from './manifests.ts';

const others: Resource = { ...things, plural: 'others', kind: 'Other' };
const at = { namespace: 'default', name: 'a' };

function setUp(targets: readonly string[] = ['default/a']) {
  const clock = new ManualClock();
  const kube = new FakeKube({ clock });
  const wanted = new Set(targets.map((key) => manifestKey({ apiVersion: 'example.org/v1', kind: 'Thing' }, key)));
  const manifests = new Manifests({
    client: kube,
    clock,
    log: silentLog,
    random: () => 0,
    namespace: undefined,
    isTarget: (key) => wanted.has(key),
  });
  const told: string[] = [];
  manifests.onChange((current, key) => void told.push(`${key}: ${current === undefined ? 'gone' : 'there'}`));
  const unread = (): Promise<TargetView | undefined> => assert.fail('the watch knows it');
  const read = (): Promise<TargetView | undefined> => Promise.resolve(undefined);
  return { clock, kube, manifests, told, read, unread };
}

test('a kind is watched from its first use on; until it is listed the object is read', async () => {
  const { clock, kube, manifests, told, read, unread } = setUp();
  kube.put(things, thing('a'));
  kube.put(things, thing('of nobody'));
  let reads = 0;
  await manifests.view('es/1', things, at, () => {
    reads++;
    return read();
  });
  assert.equal(reads, 1);
  await clock.advance(0);
  assert.equal((await manifests.view('es/1', things, at, unread))?.name, 'a');
  kube.remove(things, at);
  await clock.advance(0);
  assert.equal(await manifests.view('es/1', things, at, unread), undefined);
  assert.deepEqual(told, ['example.org/v1 Thing default/a: there', 'example.org/v1 Thing default/a: gone']);
  await manifests.close();
});

test('one watch serves all of a kind and ends with its last user', async () => {
  const { clock, kube, manifests, read } = setUp();
  for (const user of ['es/1', 'es/2']) await manifests.view(user, things, at, read);
  await clock.advance(0);
  assert.equal(kube.openWatches, 1);
  manifests.release('es/1');
  await clock.advance(0);
  assert.equal(kube.openWatches, 1);
  // Writing another kind from now on is as good as being gone.
  await manifests.view('es/2', others, at, read);
  await clock.advance(0);
  assert.deepEqual([kube.openWatches, manifests.size], [1, 1]);
  manifests.release('es/2');
  manifests.release('es/2');
  await clock.advance(0);
  assert.deepEqual([kube.openWatches, manifests.size], [0, 0]);
  await manifests.view('es/1', things, at, read);
  await clock.advance(0);
  assert.equal(kube.openWatches, 1);
  await manifests.close();
});

test('closing ends all watches, and none begins after it', async () => {
  const { clock, kube, manifests, read } = setUp();
  await manifests.view('es/1', things, at, read);
  await manifests.view('es/2', others, at, read);
  await clock.advance(0);
  assert.equal(kube.openWatches, 2);
  await manifests.close();
  await manifests.view('es/1', things, at, read);
  await clock.advance(0);
  assert.equal(kube.openWatches, 0);
});
