import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { startKube } from '../server.ts';
import { differences, recordedReplies, runSteps } from './run.ts';

test('answers the whole table of requests as the recorded kube-apiserver 1.36 did', async (t) => {
  const kube = await startKube({ clock: systemClock, crds: [] });
  t.after(() => kube.stop());
  const replies = await runSteps(kube.url, 'parity-recorded');
  assert.deepEqual(differences(recordedReplies(), replies), []);
});
