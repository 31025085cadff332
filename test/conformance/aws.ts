/**
 * Both AWS services on the sandbox's AWS, as backends of the suite. Sessions log in with static keys and assume a role, so that
 * there are credentials that expire.
 */
import { startAws, type SandboxAws } from '../../sandbox/aws/server.ts';
import type { Clock } from '../../src/clock.ts';
import { awsModule } from '../../src/providers/aws/index.ts';
import { awsSpec } from '../../src/providers/aws/spec.ts';
import type { ProviderEnvironment, SecretsClient, SessionContext } from '../../src/providers/provider.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import { MemoryCluster } from './cluster.ts';
import type { ProviderBackend, ProviderFaults } from './provider.ts';

export type Service = 'SecretsManager' | 'ParameterStore';

export const ROLE = 'arn:aws:iam::444455556666:role/reader';

export interface AwsConformance extends ProviderBackend {
  readonly aws: SandboxAws;
  readonly clock: WarpClock;
  readonly service: Service;
}

export async function awsBackend(service: Service): Promise<AwsConformance> {
  const clock = new WarpClock();
  const aws = await startAws({ clock });
  await aws.addAccessKey('AKIAROBOT', 'robot-secret');
  await aws.trustRole(ROLE, { principals: ['arn:aws:iam::111122223333:user/robot'] });
  const versions = new Map<string, number>();
  return {
    aws,
    clock,
    service,
    open: async () => ({
      client: await openAws(aws, clock, { service, role: ROLE }),
      module: awsModule,
    }),
    async put(key: string, value: string | Uint8Array) {
      if (service === 'SecretsManager') {
        await aws.putSecret(key, value);
        return 'AWSPREVIOUS';
      }
      await aws.putParameter(key, String(value), { type: 'SecureString' });
      versions.set(key, (versions.get(key) ?? 0) + 1);
      return String(versions.get(key));
    },
    calls: () => aws.calls(),
    resetCalls: () => aws.resetCalls(),
    close: () => aws.stop(),
  };
}

/** Where an AWS answers, as `ProviderEnvironment.awsEndpoints`. */
export type AwsAt = Pick<SandboxAws, 'endpoints'>;

/** A session with static keys; `spec` adds to or replaces members of the provider's spec. */
export async function openAws(
  aws: AwsAt,
  clock: Clock,
  spec: Readonly<Record<string, unknown>>,
  context: Partial<SessionContext<unknown>> = {},
): Promise<SecretsClient> {
  const cluster = new MemoryCluster(clock);
  cluster.putSecret('shop', 'aws-robot', { id: 'AKIAROBOT', key: 'robot-secret' });
  const secretRef = {
    accessKeyIDSecretRef: { name: 'aws-robot', key: 'id' },
    secretAccessKeySecretRef: { name: 'aws-robot', key: 'key' },
  };
  const parsed = awsSpec.parse({
    service: 'SecretsManager',
    region: 'eu-central-1',
    ...('auth' in spec ? {} : { auth: { secretRef } }),
    ...spec,
  });
  return awsModule.open({
    store: { kind: 'SecretStore', namespace: 'shop', name: 'store', uid: 'u', generation: 1 },
    retry: { maxRetries: 0 },
    namespace: 'shop',
    cluster: cluster.access(undefined, 'shop'),
    clock,
    environment: environmentOf(aws),
    observe: () => {},
    signal: new AbortController().signal,
    ...context,
    spec: parsed,
  });
}

export function environmentOf(aws: AwsAt, awsDefaults: Readonly<Record<string, string>> = {}): ProviderEnvironment {
  return { awsEndpoints: aws.endpoints(), awsDefaults, allowTargets: [], controllerCredentialsForAll: true };
}

export function awsFaults({ aws, service }: AwsConformance): ProviderFaults {
  const single = service === 'SecretsManager' ? 'GetSecretValue' : 'GetParameter';
  const batch = service === 'SecretsManager' ? 'BatchGetSecretValue' : 'GetParameters';
  return {
    async denyKey(key) {
      await aws.fault(single, 'deny', key);
      if (service === 'ParameterStore') await aws.fault(batch, 'deny', key);
    },
    denyBatch: () => aws.fault(batch, 'deny'),
    throttle: () => both(aws, single, batch, 'throttle'),
    fail: () => both(aws, single, batch, 'unavailable'),
    /** AWS's word for keys that are over, once: whoever renews gets through. */
    async expireCredentials() {
      aws.expireSessions();
    },
    slow: async (ms) => aws.setLatency(ms),
    stop: () => aws.stop(),
    async heal() {
      aws.setLatency(0);
      await aws.heal();
      if (!aws.running) await aws.start();
    },
  };
}

async function both(aws: SandboxAws, single: string, batch: string, fault: 'throttle' | 'unavailable'): Promise<void> {
  await aws.fault(single, fault);
  await aws.fault(batch, fault);
}
