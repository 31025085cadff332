/** One fresh install with an apply in the same second, and its removal: what must succeed every time (D43). */
import assert from 'node:assert/strict';
import { apply, clean, eventually, install, installBy3, list, NAMESPACE, startInstall } from './cluster.ts';
import { fakeStore, fromFake, valuesOf } from './objects.ts';

/** `wait`: apply when `helm install --wait` returns; `at-once`: while Pods start; `helm-3`: `--wait` by Helm 3. */
export type FreshInstall = 'wait' | 'at-once' | 'helm-3';

const invalid = { ...fromFake('default', 'invalid'), spec: { secretStoreRef: { name: 'store' } } };
const REFUSED = /denied the request/;
/** What the API server says while nobody answers: it names the webhook. */
const NOT_YET =
  /failed calling webhook "validate\.[a-z]+\.external-secrets\.io"|no matches for kind|the server could not find the requested resource/;

/** Removes first what is there. @throws when an apply is not taken, or taken wrongly, or nothing is synced */
export async function freshInstall(how: FreshInstall): Promise<void> {
  await clean();
  await (how === 'at-once' ? startInstall() : how === 'wait' ? install() : installBy3());
  const objects = [fakeStore('default'), fromFake('default', 'fresh')];
  if (how === 'at-once') await untilTaken(objects);
  else await apply(...objects);
  await assert.rejects(apply(invalid), REFUSED);
  assert.deepEqual(await valuesOf('default', 'fresh'), { password: 'from-the-backend' });
  await assertNoRestarts();
}

/** Until the webhook answers, nothing is taken, and the refusal says why; then at once. */
async function untilTaken(objects: readonly object[]): Promise<void> {
  const unexpected: string[] = [];
  await eventually(async () => {
    try {
      await apply(...objects);
    } catch (error) {
      if (!NOT_YET.test(String(error))) unexpected.push(String(error));
      throw error;
    }
  }, 120_000);
  assert.deepEqual(unexpected, []);
}

async function assertNoRestarts(): Promise<void> {
  for (const pod of await list('pods', `--namespace=${NAMESPACE}`)) {
    const statuses = (pod.status?.['containerStatuses'] ?? []) as readonly { restartCount: number }[];
    assert.ok(
      statuses.every(({ restartCount }) => restartCount === 0),
      `${pod.metadata.name} was restarted`,
    );
  }
}
