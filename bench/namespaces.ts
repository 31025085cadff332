/**
 * How long a hundred namespaces full of our objects take to go while no store answers, beside as many empty ones on the same API server
 * (D6). On all real parts: it is kube-controller-manager that empties namespaces. The operator runs in this process, from its sources,
 * with the chart's rights.
 */
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
import type { Row } from './scenarios.ts';

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
  /** What the objects alone cost, with nobody there who looks after them. */
  readonly alone?: boolean;
}

const CASES: readonly Case[] = [
  { crowd: 'nothing' },
  { crowd: 'ExternalSecrets' },
  { crowd: 'ExternalSecrets', alone: true },
  { crowd: 'everything' },
];

async function measure(env: Env, count: number, say: (line: string) => void): Promise<readonly Row[]> {
  await env.vault.put('secret', 'crowded', { value: 'v' });
  const rows: Row[] = [];
  for (const each of CASES) {
    const operator = await env.startOperator();
    const names = await crowdedNamespaces(env, count, each.crowd);
    if (each.crowd === 'everything') await markAsThePeer(env, names);
    if (each.alone === true) await operator.stop();
    await env.vault.fault('', 'slow');
    const seconds = (await timeToGo(env, names, PATIENCE_MS)) / 1000;
    await env.vault.heal();
    await operator.stop();
    const left = (await leftIn(env, names)).length;
    rows.push({ scenario: titleOf(count, each), seconds, finding: `${left} objects left` });
    say(`${titleOf(count, each)}: ${seconds.toFixed(1)} s, ${left} objects left`);
  }
  return rows;
}

function titleOf(count: number, { crowd, alone }: Case): string {
  if (crowd === 'nothing') return `${count} empty namespaces go`;
  const pushing = crowd === 'everything' ? `, ${PUSHING_EACH} of them PushSecrets with clean-up` : '';
  const who = alone === true ? 'with the operator stopped' : 'while no store answers';
  return `${count} namespaces with ${OBJECTS_EACH} objects${pushing} go, ${who}`;
}
