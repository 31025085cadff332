/**
 * The part of an env that is the same in the sandbox and on the real parts. What differs comes in as a {@link World}.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { namespaces, serviceAccounts } from '../../src/api/resources.ts';
import type { Clock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { applyObject, eventsAbout } from './cluster.ts';
import type { AwsBackend, Env, Feature, KubeFaults, Operator, OperatorProcess, Process, VaultBackend } from './env.ts';
import { OPERATOR_NAMESPACE, pod, startOperator } from './operator.ts';
import type { OperatorWorld } from './operator.ts';
import { startOperatorProcess } from './operator-process.ts';

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface World<Aws extends AwsBackend = AwsBackend> {
  readonly kind: Env['kind'];
  readonly clock: Clock;
  readonly kube: KubeClient;
  readonly aws: Aws;
  readonly vault: VaultBackend;
  readonly kubeFaults: KubeFaults;
  readonly features: ReadonlySet<Feature>;
  /** How Vault reaches the API server. */
  readonly apiServer: { readonly server: string; readonly ca?: string };
  readonly operator: OperatorWorld;
  /** For a process other than the controller, or for a person who may do everything. */
  kubeconfigOf(who: Process | 'administrator', namespace?: string): Promise<string>;
  /** Gives the operator the rights that belong to these flags, where rights are checked. */
  allow(flags: readonly string[]): Promise<void>;
  /** Default of `eventually`. */
  readonly patienceMs: number;
  /** Gives an account the rights of a ClusterRole, where rights are checked. */
  grant(clusterRole: string, account: Account): Promise<void>;
  advance(ms: number): Promise<void>;
  kubectl(args: readonly string[]): Promise<string>;
  /** Gives back everything, after the operators have stopped. */
  close(): Promise<void>;
}

/** Namespaces of tests carry this label, so that leftovers of a crashed file can be found. */
export const TEST_LABEL = 'external-secrets-test';
const POLL_MS = 25;

export function makeEnv<Aws extends AwsBackend>(world: World<Aws>): Env & { readonly aws: Aws } {
  const { kube, vault } = world;
  const operators: Operator[] = [];
  const processes: OperatorProcess[] = [];
  return {
    kind: world.kind,
    kube,
    aws: world.aws,
    vault,
    kubeFaults: world.kubeFaults,
    supports: (feature) => world.features.has(feature),
    namespace: (prefix, labels = {}) => newNamespace(kube, prefix, labels),
    async apply(...objects) {
      const stored = [];
      for (const object of objects) stored.push(await applyObject(kube, object));
      return stored;
    },
    async startOperator(flags = [], environment = {}) {
      await world.allow(flags);
      const operator = await startOperator(world.operator, world.clock, flags, environment);
      operators.push(operator);
      return operator;
    },
    async startProcess(flags = []) {
      await world.allow(flags);
      const operator = startOperatorProcess(world.operator, flags);
      processes.push(operator);
      return operator;
    },
    machine: {
      clock: world.clock,
      environment: pod(world.operator).variables,
      async environmentOf(who, namespace) {
        const kubeconfig = await world.kubeconfigOf(who, namespace);
        return pod({ ...world.operator, folder: join(world.operator.folder, who), kubeconfig }).variables;
      },
    },
    advance: (ms) => world.advance(ms),
    eventually: (check, timeoutMs = world.patienceMs) => eventually(check, timeoutMs),
    kubectl: (...args) => world.kubectl(args),
    events: (namespace, name) => eventsAbout(kube, namespace, name),
    async metrics() {
      const newest = operators.at(-1);
      if (newest === undefined) throw new Error('no operator was started in this env');
      return (await fetch(newest.metricsUrl)).text();
    },
    enableKubernetesAuth: (mount = 'kubernetes') => enableKubernetesAuth(world, mount),
    async dispose() {
      for (const operator of operators) await operator.stop();
      for (const operator of processes) await operator.kill().catch(() => {});
      await world.close();
    },
  };
}

async function newNamespace(
  kube: KubeClient,
  prefix: string,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await kube.create(namespaces, { metadata: { name, labels: { ...labels, [TEST_LABEL]: 'true' } } });
  return name;
}

async function eventually<T>(check: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await wait(POLL_MS);
  }
}

/** As an administrator of Vault sets it up: an account that may review tokens, and Vault told about the API server. */
async function enableKubernetesAuth(world: World, mount: string): Promise<void> {
  const { kube, vault, apiServer } = world;
  const reviewer = { namespace: OPERATOR_NAMESPACE, name: 'vault-reviewer' };
  await applyObject(kube, { apiVersion: 'v1', kind: serviceAccounts.kind, metadata: reviewer });
  await world.grant('system:auth-delegator', reviewer);
  const { token } = await kube.createToken(reviewer, { expirationSeconds: 24 * 3600 });
  await vault.api('POST', `sys/auth/${mount}`, { type: 'kubernetes' });
  await vault.api('POST', `auth/${mount}/config`, {
    kubernetes_host: apiServer.server,
    ...(apiServer.ca === undefined ? {} : { kubernetes_ca_cert: apiServer.ca }),
    token_reviewer_jwt: token,
  });
}
