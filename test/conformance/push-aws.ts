/**
 * Both AWS services as backends of the push suite, on the sandbox's AWS or on another that counts its calls and can deny them.
 */
import type { Clock } from '../../src/clock.ts';
import { awsModule } from '../../src/providers/aws/index.ts';
import type { AwsBackend } from '../integration/env.ts';
import { openAws, ROLE, type Service } from './aws.ts';
import { pushConformance, type PushBackend, type PushTraits } from './push.ts';

/** An AWS that the suite runs on. */
export interface PushAws {
  readonly aws: AwsBackend;
  readonly clock: Clock;
  readonly stop: () => Promise<void>;
}

const WRITES = /^(?:Create|Put|Update|Restore|Delete|Tag|Untag|AddTags|RemoveTags|Replicate|RemoveRegions)/;
const TRAITS: Readonly<Record<Service, PushTraits>> = {
  SecretsManager: {
    marksOwnership: true,
    comparesAndSets: false,
    plainValues: true,
    writesPerUpdate: 1,
    callsWhenUnchanged: 2,
  },
  ParameterStore: {
    marksOwnership: true,
    comparesAndSets: false,
    plainValues: true,
    writesPerUpdate: 1,
    callsWhenUnchanged: 2,
    wholeMetadata: { encodeAsDecoded: true },
  },
};

/** The push contract for both services. `where` is added to their names. */
export function awsPushConformance(where: string, start: () => Promise<PushAws>): void {
  for (const service of ['SecretsManager', 'ParameterStore'] as const)
    pushConformance(`AWS ${service}${where}`, TRAITS[service], async () => backendOf(await start(), service));
}

function backendOf({ aws, clock, stop }: PushAws, service: Service): PushBackend {
  const { endpoint } = aws;
  const names = ['SECRETSMANAGER', 'SSM', 'STS'];
  const endpoints = Object.fromEntries(names.map((name) => [`AWS_${name}_ENDPOINT`, endpoint]));
  const write = service === 'SecretsManager' ? 'PutSecretValue' : 'PutParameter';
  return {
    open: async () => ({
      client: await openAws({ endpoints: () => endpoints }, clock, { service, role: ROLE }),
      module: awsModule,
    }),
    putForeign: (key, json) =>
      service === 'SecretsManager' ? aws.putSecret(key, json) : aws.putParameter(key, json, { type: 'SecureString' }),
    calls: () => aws.calls(),
    resetCalls: () => aws.resetCalls(),
    isWrite: (call) => WRITES.test(call),
    denyWrites: () => aws.fault(write, 'deny'),
    heal: () => aws.heal(),
    close: () => stop(),
  };
}
