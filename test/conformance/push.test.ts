/** The push contract on the sandbox's backends, and on the fake provider's memory. */
import { startAws } from '../../sandbox/aws/server.ts';
import { startVault } from '../../sandbox/vault/server.ts';
import { secrets } from '../../src/api/resources.ts';
import { systemClock } from '../../src/clock.ts';
import { fakeModule } from '../../src/providers/fake/index.ts';
import type { KvVersion } from '../../src/providers/vault/paths.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import { ROLE } from './aws.ts';
import { openFake } from './fake.ts';
import { dataOf, kubernetesBackend, putSecret } from './kubernetes.ts';
import { awsPushConformance } from './push-aws.ts';
import { pushConformance, type PushBackend } from './push.ts';
import { vaultMount, vaultPushBackend } from './vault-push.ts';

const traits = { marksOwnership: true, comparesAndSets: false, plainValues: true, writesPerUpdate: 1 };

awsPushConformance('', async () => {
  const clock = new WarpClock();
  const aws = await startAws({ clock });
  await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  await aws.trustRole(ROLE, { principals: ['arn:aws:iam::111122223333:user/robot'] });
  return { aws, clock, stop: () => aws.stop() };
});

async function vault(version: KvVersion, casRequired = false): Promise<PushBackend> {
  const server = await startVault({ clock: systemClock });
  const backend = vaultPushBackend(await vaultMount(server, systemClock, version, casRequired));
  return { ...backend, close: () => server.stop() };
}

const vaultTraits = { ...traits, plainValues: false, callsWhenUnchanged: 1 };
pushConformance('Vault, KV version 1', vaultTraits, () => vault('v1'));
pushConformance('Vault, KV version 2', { ...vaultTraits, comparesAndSets: true }, () => vault('v2'));
pushConformance('Vault, KV version 2 with cas_required', { ...vaultTraits, comparesAndSets: true }, () =>
  vault('v2', true),
);

async function kubernetes(): Promise<PushBackend> {
  const backend = await kubernetesBackend();
  return {
    open: () => backend.open(),
    putForeign: (key, json) => putSecret(backend.kube, key, dataOf(json)),
    async calls() {
      const seen = new Map<string, number>();
      for (const { method, path } of backend.cluster.requests())
        if (/\/namespaces\/remote\/secrets/.test(path)) seen.set(method, (seen.get(method) ?? 0) + 1);
      return seen;
    },
    resetCalls: () => backend.resetCalls(),
    isWrite: (method) => method !== 'GET',
    denyWrites: async () =>
      backend.cluster.authorize(({ verb, resource }) => resource !== secrets.plural || verb === 'get'),
    heal: async () => backend.cluster.authorize(() => true),
    close: () => backend.close(),
  };
}

pushConformance(
  'the kubernetes provider',
  { ...traits, marksOwnership: false, comparesAndSets: true, plainValues: false, callsWhenUnchanged: 1 },
  kubernetes,
);

let stores = 0;

async function fake(): Promise<PushBackend> {
  const name = `push-${stores++}`;
  const data: { key: string; value: string }[] = [];
  return {
    open: async () => ({ client: await openFake([...data], name), module: fakeModule }),
    putForeign: async (key, value) => void data.push({ key, value }),
    calls: async () => new Map(),
    resetCalls: async () => {},
    isWrite: () => false,
    close: async () => {},
  };
}

pushConformance(
  'the fake provider',
  { ...traits, comparesAndSets: true, callsWhenUnchanged: 0, writesPerUpdate: 0 },
  fake,
);
