/**
 * `npm run quickstart`: the main job in half a minute, with nothing but Node. Starts the sandbox and the operator, applies the manifests of
 * `examples/quickstart`, and shows a secret synced, rotated and explained.
 *
 *   --show-values   print values instead of their sizes
 *   --keep          leave everything running, with a kubeconfig for plain kubectl, until Ctrl-C
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import * as resources from '../src/api/resources.ts';
import { systemClock } from '../src/clock.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../src/kube/types.ts';
import { startController, type RunningController } from '../src/main.ts';
import { parseOptions } from '../src/options.ts';
import { kubectl } from './kubectl.ts';
import { terminal } from './terminal.ts';
import { OPERATOR, startSandbox, type SandboxWorld } from './world.ts';

const { values: flags } = parseArgs({ options: { 'show-values': { type: 'boolean' }, keep: { type: 'boolean' } } });
const colours = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
const { heading, say, command, output } = terminal(process.stdout, colours);
const NAMESPACE = 'shop';
const startedAt = Date.now();

const folder = mkdtempSync(join(tmpdir(), 'external-secrets-quickstart-'));
const stops: (() => Promise<void>)[] = [];
try {
  await story();
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

async function story(): Promise<void> {
  heading('1. A Kubernetes API, AWS and Vault, all in this process');
  const world = await startSandbox(systemClock);
  stops.push(() => world.stop());
  await fillBackends(world);
  say(`  Kubernetes API ${world.cluster.url}   AWS ${world.aws.endpoint}   Vault ${world.vault.address}`);

  heading('2. The operator');
  const operator = await startOperator(world);
  stops.push(() => operator.stop());
  say(`  running after ${seconds()} s, metrics at ${operator.metricsUrl}`);

  heading('3. Manifests as people publish them');
  await apply(world, 'aws.yaml');
  await apply(world, 'vault.yaml');
  await isReady(world, 'database');
  await isReady(world, 'payments-api');
  await show(world, 'get', 'externalsecrets', '-n', NAMESPACE);
  await showSecret(world, 'database');
  await showSecret(world, 'payments-api');

  heading('4. The password is rotated in AWS');
  await world.aws.putSecret(
    'shop/database',
    JSON.stringify({ username: 'shop', password: 'a-new-and-longer-password' }),
  );
  const before = await sizeOf(world, 'database', 'password');
  await until(async () => (await sizeOf(world, 'database', 'password')) !== before);
  say('  no restart, no command: the refreshInterval of 5s brought it');
  await showSecret(world, 'database');

  heading('5. A typo');
  await apply(world, 'typo.yaml');
  const message = await until(() => failureOf(world, 'database-typo'));
  command(`kubectl describe externalsecret database-typo -n ${NAMESPACE}`);
  output(`Status:   False\nReason:   ${message.reason}\nMessage:  ${message.text}`);

  heading('6. What it cost');
  await showMetrics(operator, world);

  say('');
  say(`done after ${seconds()} s`);
  if (flags.keep === true) await keepRunning(world);
}

/** What an administrator has prepared: two secrets, an access key, and a Vault that trusts the cluster. */
async function fillBackends({ aws, vault, kube, cluster }: SandboxWorld): Promise<void> {
  await kube.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await aws.addAccessKey('AKIAQUICKSTART', 'quickstart-secret-access-key');
  await aws.putSecret('shop/database', JSON.stringify({ username: 'shop', password: 'first-password' }));
  await vault.api('POST', 'sys/mounts/apps', { type: 'kv', options: { version: '2' } });
  await vault.put('apps', 'shop/payments', {
    api_key: 'pk_live_0123456789',
    endpoint: 'https://payments.example.test',
  });
  const reviewer = { namespace: OPERATOR.namespace, name: 'vault-reviewer' };
  await kube.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: reviewer });
  const { token } = await kube.createToken(reviewer, {});
  await vault.api('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
  await vault.api('POST', 'auth/kubernetes/config', { kubernetes_host: cluster.url, token_reviewer_jwt: token });
  await vault.api('PUT', 'sys/policies/acl/apps', { policy: 'path "apps/data/*" { capabilities = ["read"] }' });
  await vault.api('POST', 'auth/kubernetes/role/operator', {
    bound_service_account_names: OPERATOR.name,
    bound_service_account_namespaces: OPERATOR.namespace,
    policies: 'apps',
    ttl: '15m',
  });
}

async function startOperator(world: SandboxWorld): Promise<RunningController> {
  const token = file('token', world.operatorToken);
  const log = join(folder, 'operator.log');
  const options = parseOptions(
    [
      '--metrics-addr=127.0.0.1:0',
      '--live-addr=127.0.0.1:0',
      '--allow-targets=127.0.0.0/8',
      `--service-account-token-file=${token}`,
    ],
    {
      KUBECONFIG: file('kubeconfig', world.cluster.kubeconfig()),
      POD_NAMESPACE: OPERATOR.namespace,
      AWS_SECRETSMANAGER_ENDPOINT: world.aws.endpoint,
      AWS_STS_ENDPOINT: world.aws.endpoint,
    },
  );
  if (typeof options === 'string') throw new Error(options);
  return startController(options, { logDestination: { write: (line) => writeFileSync(log, line, { flag: 'a' }) } });
}

async function apply(world: SandboxWorld, name: string): Promise<void> {
  command(`kubectl apply -f examples/quickstart/${name}`);
  const text = readFileSync(new URL(`../examples/quickstart/${name}`, import.meta.url), 'utf8');
  // The sandbox's Vault has no name in a cluster's DNS.
  const manifests = parseAllDocuments(text.replace('http://vault.vault:8200', world.vault.address));
  for (const manifest of manifests) {
    const object = manifest.toJS() as KubeObject;
    const resource = resourceOf(object);
    const { namespace, name: objectName = '' } = object.metadata;
    await world.kube.patch(resource, { namespace, name: objectName }, object, {
      type: 'apply',
      fieldManager: 'kubectl',
      force: true,
    });
    output(`${object.kind?.toLowerCase()}/${objectName} applied`);
  }
}

function resourceOf(object: KubeObject): Resource {
  const known = Object.values(resources).filter(
    (each): each is resources.ApiResource => typeof each === 'object' && 'plural' in each,
  );
  const found = known.find((each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion);
  if (found === undefined) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`);
  return found;
}

async function show(world: SandboxWorld, ...args: string[]): Promise<void> {
  command(`kubectl ${args.join(' ')}`);
  output(
    await kubectl(
      async (path, accept) => (await fetch(`${world.cluster.url}${path}`, { headers: { accept } })).json(),
      args,
    ),
  );
}

interface SecretBody extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

async function showSecret(world: SandboxWorld, name: string): Promise<void> {
  const { data = {} } = await world.kube.get<SecretBody>(resources.secrets, { namespace: NAMESPACE, name });
  const shown = (base64: string): string => {
    const bytes = Buffer.from(base64, 'base64');
    return flags['show-values'] === true ? bytes.toString() : `${'•'.repeat(8)}  (${bytes.length} bytes)`;
  };
  command(`kubectl get secret ${name} -n ${NAMESPACE}`);
  output(
    Object.entries(data)
      .map(([key, value]) => `${key.padEnd(10)}  ${shown(value)}`)
      .join('\n'),
  );
}

async function sizeOf(world: SandboxWorld, name: string, key: string): Promise<number> {
  const { data = {} } = await world.kube.get<SecretBody>(resources.secrets, { namespace: NAMESPACE, name });
  return (data[key] ?? '').length;
}

interface Conditioned extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly status: string; readonly reason?: string; readonly message?: string }[];
  };
}

async function readyOf(
  world: SandboxWorld,
  name: string,
): Promise<{ status: string; reason: string; text: string } | undefined> {
  const { status } = await world.kube.get<Conditioned>(resources.externalSecrets, { namespace: NAMESPACE, name });
  const condition = status?.conditions?.[0];
  return condition && { status: condition.status, reason: condition.reason ?? '', text: condition.message ?? '' };
}

async function failureOf(world: SandboxWorld, name: string): Promise<{ reason: string; text: string } | undefined> {
  const ready = await readyOf(world, name);
  return ready?.status === 'False' ? ready : undefined;
}

function isReady(world: SandboxWorld, name: string): Promise<unknown> {
  return until(async () => (await readyOf(world, name))?.status === 'True');
}

async function showMetrics(operator: RunningController, { aws, vault }: SandboxWorld): Promise<void> {
  command('curl -s localhost:8080/metrics | grep externalsecret_');
  const text = await (await fetch(operator.metricsUrl)).text();
  const wanted =
    /^(externalsecret_sync_calls_total|externalsecret_status_condition|externalsecret_provider_api_calls_count).* [1-9]/;
  output(
    text
      .split('\n')
      .filter((line) => wanted.test(line))
      .join('\n'),
  );
  const total = (calls: ReadonlyMap<string, number>): number =>
    [...calls.values()].reduce((sum, count) => sum + count, 0);
  say(
    `  calls the backends saw: AWS ${total(await aws.calls())}, Vault ${total(await vault.calls())} (set-up included)`,
  );
}

async function keepRunning(world: SandboxWorld): Promise<void> {
  const kubeconfig = file('kubeconfig', world.cluster.kubeconfig());
  heading('Everything goes on running. In another terminal:');
  command(`export KUBECONFIG=${kubeconfig}`);
  command(`kubectl get externalsecrets,secretstores -n ${NAMESPACE}`);
  say(`  the operator's log is ${join(folder, 'operator.log')}; Ctrl-C ends it all`);
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve()));
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Polls until the answer is neither false nor undefined. @throws after half a minute, naming the log. */
async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await wait(100);
  }
  throw new Error(
    `nothing happened for 30 s; the operator's log:\n${readFileSync(join(folder, 'operator.log'), 'utf8')}`,
  );
}

function seconds(): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
