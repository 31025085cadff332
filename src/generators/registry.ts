/** The generators of this build: a plain list. What a generator needs is loaded when somebody first uses it. */
import type { ZodType } from 'zod';
import { ecrAuthorizationTokenSpec, stsSessionTokenSpec } from '../api/generators/aws.ts';
import { passwordSpec } from '../api/generators/password.ts';
import { fakeSpec, sshKeySpec, uuidSpec } from '../api/generators/simple.ts';
import { vaultDynamicSecretSpec } from '../api/generators/vault-dynamic-secret.ts';
import { webhookSpec } from '../api/generators/webhook.ts';
import { GENERATOR_KINDS } from '../api/references.ts';
import { vaultSpec } from '../providers/vault/spec.ts';
import type { GeneratorDeclaration, GeneratorModule } from './generator.ts';

export const generators: readonly GeneratorDeclaration[] = [
  declare('ECRAuthorizationToken', ecrAuthorizationTokenSpec, async () => (await import('./aws.ts')).ecrGenerator),
  declare('Fake', fakeSpec, async () => (await import('./fake.ts')).fakeGenerator),
  declare('Password', passwordSpec, async () => (await import('./password.ts')).passwordGenerator),
  declare('SSHKey', sshKeySpec, async () => (await import('./ssh-key.ts')).sshKeyGenerator),
  declare('STSSessionToken', stsSessionTokenSpec, async () => (await import('./aws.ts')).stsGenerator),
  declare('UUID', uuidSpec, async () => (await import('./uuid.ts')).uuidGenerator),
  declare('VaultDynamicSecret', vaultDynamicSecretSpec(vaultSpec), async () => {
    return (await import('./vault-dynamic-secret/index.ts')).vaultDynamicSecretGenerator;
  }),
  declare('Webhook', webhookSpec, async () => (await import('./webhook.ts')).webhookGenerator),
];

/** Generators that a manifest may name and this build cannot run. */
export const unavailableGenerators: readonly string[] = GENERATOR_KINDS.filter(
  (kind) => kind !== 'ClusterGenerator' && findGenerator(kind) === undefined,
);

export function findGenerator(kind: string): GeneratorDeclaration | undefined {
  return generators.find((generator) => generator.kind === kind);
}

/** Whoever runs it has parsed the spec with the schema that stands beside it. */
function declare<Spec>(
  kind: GeneratorDeclaration['kind'],
  spec: ZodType,
  load: () => Promise<GeneratorModule<Spec>>,
): GeneratorDeclaration {
  return { kind, spec, load: async () => untyped(await load()) };
}

function untyped<Spec>(module: GeneratorModule<Spec>): GeneratorModule {
  const { restore } = module;
  return {
    generate: (spec, context) => module.generate(spec as Spec, context),
    ...(restore === undefined
      ? {}
      : { restore: (spec, state, contextFor) => restore(spec as Spec, state, contextFor) }),
  };
}
