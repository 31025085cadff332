/**
 * Namespaces full of our objects go although no store of theirs answers (D6). In the size of an everyday cluster here; a hundred
 * namespaces at once: `npm run bench -- namespaces`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  crowdedNamespaces,
  leftIn,
  markAsThePeer,
  OBJECTS_EACH,
  PUSHING_EACH,
  removeClusterWide,
  timeToGo,
} from './crowded-namespaces.ts';
import { externalSecrets } from '../../src/api/resources.ts';
import { secret } from '../builders/objects.ts';
import { OURS } from './cluster.ts';
import { useEnv } from './current-env.ts';

const COUNT = 6;
const PATIENCE_MS = 60_000;
/** Beyond what an empty namespace takes on the same API server: D6's figures, and something for a busy machine. */
const MORE_MS = 3_000;
const CYCLE_MS = 8_000;
const BUSY_MS = 7_000;

const env = await useEnv();
await env.startOperator();
await env.vault.put('secret', 'crowded', { value: 'v' });

async function timeOfEmptyOnes(): Promise<number> {
  return timeToGo(env, await crowdedNamespaces(env, COUNT, 'nothing'), PATIENCE_MS);
}

async function countIn(names: readonly string[]): Promise<number> {
  const left = await leftIn(env, names);
  return left.filter((each) => OURS.some(({ plural }) => each.startsWith(`${plural} `))).length;
}

test('with ExternalSecrets whose store does not answer they go like empty ones', async () => {
  const empty = await timeOfEmptyOnes();
  const names = await crowdedNamespaces(env, COUNT, 'ExternalSecrets');
  assert.equal(await countIn(names), COUNT * OBJECTS_EACH);
  await env.vault.fault('', 'slow');
  const full = await timeToGo(env, names, PATIENCE_MS);
  await env.vault.heal();
  assert.ok(full < empty + MORE_MS + BUSY_MS, `${full} ms, empty ones ${empty} ms`);
  assert.deepEqual(await leftIn(env, names), []);
});

test('with everything, clean-ups that are impossible included, they go one cycle later; what stays behind is told', async () => {
  const empty = await timeOfEmptyOnes();
  const names = await crowdedNamespaces(env, COUNT, 'everything');
  await markAsThePeer(env, names.slice(0, 2));
  assert.equal(await countIn(names), COUNT * OBJECTS_EACH);
  await env.vault.fault('', 'slow');
  const full = await timeToGo(env, names, PATIENCE_MS);
  await env.vault.heal();
  assert.ok(full < empty + MORE_MS + CYCLE_MS + BUSY_MS, `${full} ms, empty ones ${empty} ms`);
  assert.deepEqual(await leftIn(env, names), []);
  for (const name of names)
    await env.eventually(async () => {
      const told = (await env.events(undefined, name)).filter(({ reason }) => reason === 'PushedValuesLeft');
      assert.equal(
        told.reduce((sum, { count }) => sum + count, 0),
        PUSHING_EACH,
      );
    }, PATIENCE_MS);
  await removeClusterWide(env);
});

test('what is in the middle of a pass when its namespace goes does not wait for the backend', async () => {
  const [namespace = ''] = await crowdedNamespaces(env, 1, 'everything');
  await env.vault.fault('', 'slow');
  await env.apply(secret(namespace, 'source', { value: 'changed' }));
  await env.kube.patch(
    externalSecrets,
    { namespace, name: 'es-1' },
    {
      metadata: {
        annotations: { 'force-sync': '1' },
        finalizers: ['externalsecrets.external-secrets.io/externalsecret-cleanup'],
      },
    },
  );
  await env.advance(1_500);
  try {
    const took = await timeToGo(env, [namespace], PATIENCE_MS);
    assert.ok(took < MORE_MS + CYCLE_MS + BUSY_MS, `${took} ms`);
  } finally {
    await env.vault.heal();
    await removeClusterWide(env);
  }
});
