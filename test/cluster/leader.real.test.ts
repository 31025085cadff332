/** Two replicas: one leads, and when it is killed the other goes on. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { apply, clean, eventually, get, install, list, NAMESPACE, pods, REFERENCE, SOON } from './cluster.ts';
import { fakeStore, fromFake, valuesOf } from './objects.ts';

/** The Lease runs for 15 s from its last renewal, which was at most 2 s before the kill; one more for our own looks. */
const FOLLOWED_SECONDS = 16;

before(async () => {
  await clean();
  await install(REFERENCE, {
    ...SOON,
    replicaCount: 2,
    'readinessProbe.enabled': true,
    'readinessProbe.spec.initialDelaySeconds': 1,
  });
});
after(clean);

/** `<name of the Pod>_<random>` */
async function holder(): Promise<string> {
  const lease = await get('lease', 'external-secrets-controller');
  const identity = lease?.spec?.['holderIdentity'];
  assert.ok(typeof identity === 'string' && identity !== '', 'somebody leads');
  return identity;
}

test('both replicas are ready, one of them leads', async () => {
  const names = (await pods('external-secrets')).map(({ metadata }) => metadata.name);
  assert.equal(names.length, 2);
  assert.ok(names.includes((await holder()).split('_')[0] ?? ''));
});

test('a killed leader is followed when its Lease has run out, and each Secret is written once', async () => {
  await apply(fakeStore('default'), fromFake('default', 'before'));
  await valuesOf('default', 'before');
  const written = async () => (await get('secret', 'before', 'default'))?.metadata.resourceVersion;
  const [version, leader] = [await written(), await holder()];

  process.kill(processOf(leader.split('_')[0] ?? ''), 'SIGKILL');
  const killed = Date.now();
  await apply(fromFake('default', 'after'));
  await eventually(async () => assert.notEqual(await holder(), leader), 25_000);
  const seconds = (Date.now() - killed) / 1000;
  console.log(`the Lease changed hands ${seconds} s after the kill`);
  assert.ok(seconds <= FOLLOWED_SECONDS, `the Lease changed hands after ${seconds} s`);

  await valuesOf('default', 'after');
  const first = (await get('secret', 'after', 'default'))?.metadata.resourceVersion;
  // Long enough for a second leader to show itself: the killed container is running again by now.
  await wait(5000);
  assert.equal((await get('secret', 'after', 'default'))?.metadata.resourceVersion, first);
  assert.equal(await written(), version);
  const events = await list(
    'events',
    '--namespace=default',
    '--field-selector=involvedObject.name=after,reason=Created',
  );
  assert.deepEqual(
    events.map((event) => (event as { count?: number }).count ?? 1),
    [1],
  );
});

/** The id of the program that runs in a Pod; seen from here, because these namespaces hold those of the Pods. */
function processOf(pod: string): number {
  const ids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const found = ids.find(
    (id) => read(`/proc/${id}/environ`).includes(`HOSTNAME=${pod}\0`) && read(`/proc/${id}/comm`).startsWith('node'),
  );
  if (found === undefined) throw new Error(`no process runs in ${pod} of ${NAMESPACE}`);
  return found;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
