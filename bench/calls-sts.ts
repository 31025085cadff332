/**
 * How often STS is asked by a store whose role is the third of a chain: hours of refreshes in about a minute of real time, with operator
 * and sandbox in this process on one fast clock.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  aws,
  entry,
  externalSecret,
  from,
  refreshEvery,
  secret,
  secretStore,
  serviceAccount,
} from '../test/builders/objects.ts';
import { sandboxEnv } from '../test/integration/sandbox-env.ts';
import { isSynced } from '../test/integration/views.ts';
import type { Row } from './scenarios.ts';

const ACCOUNT = '444455556666';
const ROLES = ['first', 'second', 'third'].map((name) => `arn:aws:iam::${ACCOUNT}:role/${name}`);
const WEB_ROLE = `arn:aws:iam::${ACCOUNT}:role/web`;
const STEP_MS = 60_000;
/** Real time that a minute gets, for what fell due in it to be done. */
const SETTLE_MS = 40;
const STS = ['AssumeRole', 'AssumeRoleWithWebIdentity'] as const;

export type BaseLogin = 'static keys' | 'IRSA';

/** `objects` ExternalSecrets with a refresh every five minutes, for `hours`. `atMost` is the limit for one hour. */
export async function roleChain(base: BaseLogin, objects: number, hours: number, atMost: number): Promise<Row> {
  const env = await sandboxEnv();
  const startedAt = performance.now();
  try {
    await env.startOperator();
    await prepare(env, base, objects);
    await env.advance(STEP_MS);
    await env.aws.resetCalls();
    const perHour: number[] = [];
    let before = 0;
    for (let hour = 0; hour < hours; hour++) {
      for (let minute = 0; minute < 60; minute++) {
        await env.advance(STEP_MS);
        await wait(SETTLE_MS);
      }
      const calls = await env.aws.calls();
      const total = STS.reduce((sum, action) => sum + (calls.get(action) ?? 0), 0);
      perHour.push(total - before);
      before = total;
    }
    const backendCalls = Object.fromEntries(await env.aws.calls());
    return {
      scenario: `STS, chain of 3 from ${base}, ${objects} objects, ${hours} h`,
      seconds: (performance.now() - startedAt) / 1000,
      backendCalls,
      finding: `${(before / hours).toFixed(2)} STS calls an hour on average (${perHour.join(', ')}), at most ${atMost} on average`,
    };
  } finally {
    await env.dispose();
  }
}

type SandboxWorld = Awaited<ReturnType<typeof sandboxEnv>>;

async function prepare(env: SandboxWorld, base: BaseLogin, objects: number): Promise<void> {
  const namespace = await env.namespace('sts');
  const [first, second, third] = ROLES;
  for (const arn of [...ROLES, WEB_ROLE]) await env.aws.trustRole(arn);
  await env.aws.addAccessKey('AKIABENCH', 'bench-secret-access-key');
  await env.apply(
    secret(namespace, 'keys', { id: 'AKIABENCH', key: 'bench-secret-access-key' }),
    serviceAccount(namespace, 'reader', { 'eks.amazonaws.com/role-arn': WEB_ROLE }),
  );
  const chain = { role: third, additionalRoles: [first, second] };
  const jwt = { auth: { jwt: { serviceAccountRef: { name: 'reader' } } } };
  await env.apply(secretStore(namespace, 'chain', aws('keys', base === 'IRSA' ? { ...chain, ...jwt } : chain)));
  for (let index = 0; index < objects; index++) {
    await env.aws.putSecret(`sts/key-${index}`, 'value');
    const value = entry('value', `sts/key-${index}`);
    await env.apply(externalSecret(namespace, `es-${index}`, from('chain'), value, refreshEvery('5m')));
  }
  for (let index = 0; index < objects; index++) await isSynced(env, namespace, `es-${index}`);
}
