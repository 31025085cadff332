/** The cluster of `npm run test:cluster`, used as a person does: with kubectl and Helm. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Stored } from '../../src/kube/types.ts';
import { CHART, Helm, NAMESPACE, nested, RELEASE } from '../chart/helm.ts';
import type { Values } from '../chart/helm.ts';
import { readDescription } from '../real-parts/description.ts';

export { NAMESPACE };

/** What the tests read of Pods and other objects that are not ours. */
export type Read = Stored & {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
};

export const parts = readDescription();
const kubeconfig = join(parts.folder, 'admin.kubeconfig');
export const environment = { PATH: process.env['PATH'], HOME: parts.folder, KUBECONFIG: kubeconfig };
const helms = {
  3: new Helm(parts.helm[3], { home: parts.folder, kubeconfig }),
  4: new Helm(parts.helm[4], { home: parts.folder, kubeconfig }),
};

/** The words of the reference install. */
export const REFERENCE = ['--set=installCRDs=true', '--set=webhook.port=9443', '--set=serviceMonitor.enabled=true'];
/** Pods are looked at sooner than the chart's 20 s, where the reference install is not what is tested. */
export const SOON: Values = {
  'webhook.readinessProbe.initialDelaySeconds': 1,
  'certController.readinessProbe.initialDelaySeconds': 1,
};

/** @returns what it prints. @throws Error with what it complains about */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const running = promisify(execFile)(parts.kubectl, [...args], { env: environment, maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

export function apply(...objects: readonly object[]): Promise<string> {
  return kubectl(['apply', '--filename=-'], objects.map((each) => JSON.stringify(each)).join('\n---\n'));
}

/** One object, or undefined. */
export async function get(kind: string, name: string, namespace = NAMESPACE): Promise<Read | undefined> {
  const text = await kubectl(['get', kind, name, `--namespace=${namespace}`, '--ignore-not-found', '--output=json']);
  return text === '' ? undefined : (JSON.parse(text) as Read);
}

export async function list(kind: string, ...flags: readonly string[]): Promise<readonly Read[]> {
  const text = await kubectl(['get', kind, ...flags, '--output=json']);
  return (JSON.parse(text) as { items: readonly Read[] }).items;
}

export async function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

/** `helm install … --wait`, then what it prints. */
export function install(flags: readonly string[] = REFERENCE, values: Values = {}): Promise<string> {
  return run(helms[4], 'install', ['--create-namespace', '--wait', '--timeout=2m', ...flags], values);
}

/** The reference install without `--wait`: Helm returns before a Pod runs. */
export function startInstall(): Promise<string> {
  return run(helms[4], 'install', ['--create-namespace', ...REFERENCE], {});
}

export function upgrade(values: Values): Promise<string> {
  return run(helms[4], 'upgrade', ['--wait', '--timeout=2m', '--reuse-values'], values);
}

export async function uninstall(): Promise<void> {
  await helms[4].run('uninstall', RELEASE, `--namespace=${NAMESPACE}`, '--ignore-not-found', '--wait');
}

/** The same as `install` by Helm 3. */
export function installBy3(): Promise<string> {
  return run(helms[3], 'install', ['--create-namespace', '--wait', '--timeout=2m', ...REFERENCE], {});
}

function run(helm: Helm, verb: string, flags: readonly string[], values: Values): Promise<string> {
  return helm.withValues(nested(values), (file) =>
    helm.run(verb, RELEASE, CHART, `--namespace=${NAMESPACE}`, `--values=${file}`, ...flags),
  );
}

/** Uninstalls what is there, whoever left it, and waits until nothing of it is left: the next install is a fresh one. */
export async function clean(): Promise<void> {
  await helms[4].run('uninstall', RELEASE, `--namespace=${NAMESPACE}`, '--ignore-not-found');
  await kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=90s']);
  await kubectl(['wait', '--for=delete', 'crd', '--all', '--timeout=60s']);
}

/** Repeats `check` until it stops throwing. @throws what it threw last */
export async function eventually<T>(check: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await wait(100);
  }
}

/** Pods of the chart that are there to stay, by what they are. */
export function pods(name: 'external-secrets' | 'external-secrets-webhook' | 'external-secrets-cert-controller') {
  return list('pods', `--namespace=${NAMESPACE}`, `--selector=app.kubernetes.io/name=${name}`);
}
