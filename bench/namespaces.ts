/**
 * How long a hundred namespaces full of our objects take to go while no store answers, beside as many empty ones on the same API server
 * (D6). On all real parts: it is kube-controller-manager that empties namespaces. The operator runs in this process, from its sources,
 * with the chart's rights.
 */
import { pushSecrets, secretStores } from '../src/api/resources.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { loadKubeConfig } from '../src/kube/config.ts';
import { connect } from '../src/kube/http-client.ts';
import { systemClock } from '../src/clock.ts';
import {
  crowdedNamespaces,
  leftIn,
  markAsThePeer,
  OBJECTS_EACH,
  PUSHING_EACH,
  timeToGo,
  type Crowd,
} from '../test/integration/crowded-namespaces.ts';
import type { Env } from '../test/integration/env.ts';
import { realEnv } from '../test/integration/real-env.ts';
import { findOrBuild } from '../test/real-parts/build.ts';
import { DESCRIPTION_VARIABLE } from '../test/real-parts/description.ts';
import { startParts } from '../test/real-parts/start.ts';
import { installCrds } from './cluster.ts';
import { pause, type Row } from './scenarios.ts';

const PATIENCE_MS = 600_000;

export async function namespacesGo(count: number, say: (line: string) => void): Promise<readonly Row[]> {
  const parts = await startParts(await findOrBuild(say), async (kubeconfig) => {
    const kube = connect(await loadKubeConfig({ kubeconfig, clock: systemClock }));
    await installCrds(kube);
    await kube.close();
  });
  process.env[DESCRIPTION_VARIABLE] = parts.file;
  try {
    const env = await realEnv();
    try {
      return await measure(env, count, say);
    } finally {
      await env.dispose();
    }
  } finally {
    await parts.stop();
  }
}

interface Case {
  readonly crowd: Crowd;
  /** What the objects alone cost: nobody is there but, where a finalizer holds one, somebody who takes it off at once. */
  readonly alone?: boolean;
}

const CASES: readonly Case[] = [
  { crowd: 'nothing' },
  { crowd: 'ExternalSecrets' },
  { crowd: 'ExternalSecrets', alone: true },
  { crowd: 'everything' },
  { crowd: 'everything', alone: true },
];

async function measure(env: Env, count: number, say: (line: string) => void): Promise<readonly Row[]> {
  await env.vault.put('secret', 'crowded', { value: 'v' });
  const rows: Row[] = [];
  for (const each of CASES) {
    const operator = await env.startOperator();
    const names = await crowdedNamespaces(env, count, each.crowd);
    if (each.crowd === 'everything' && each.alone !== true) await markAsThePeer(env, names);
    if (each.alone === true) await operator.stop();
    const over = new AbortController();
    const letting = each.alone === true ? letGo(env.kube, over.signal) : undefined;
    await env.vault.fault('', 'slow');
    const seconds = (await timeToGo(env, names, PATIENCE_MS)) / 1000;
    over.abort();
    await letting;
    await env.vault.heal();
    await operator.stop();
    const left = (await leftIn(env, names)).length;
    rows.push({ scenario: titleOf(count, each), seconds, finding: `${left} objects left` });
    say(`${titleOf(count, each)}: ${seconds.toFixed(1)} s, ${left} objects left`);
  }
  return rows;
}

/** The least anybody could do about what is held: takes finalizers of PushSecrets and their stores off, and cleans up nothing. */
async function letGo(kube: KubeClient, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await pause(0.2)) {
    for (const resource of [pushSecrets, secretStores]) {
      const { items } = await kube.list(resource, { metadataOnly: true });
      for (const { metadata } of items)
        if (metadata.deletionTimestamp !== undefined && metadata.finalizers?.length)
          await kube.patch(resource, metadata, { metadata: { finalizers: null } });
    }
  }
}

function titleOf(count: number, { crowd, alone }: Case): string {
  if (crowd === 'nothing') return `${count} empty namespaces go`;
  const pushing = crowd === 'everything' ? `, ${PUSHING_EACH} of them PushSecrets with clean-up` : '';
  const nobody =
    crowd === 'everything' ? 'with the operator stopped and finalizers taken off' : 'with the operator stopped';
  const who = alone === true ? nobody : 'while no store answers';
  return `${count} namespaces with ${OBJECTS_EACH} objects${pushing} go, ${who}`;
}
