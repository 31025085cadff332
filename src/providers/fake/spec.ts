/**
 * The fake provider as the registry, the CRD and the webhook see it: fixed values written into the SecretStore itself.
 */
import { z } from 'zod';
import type { ProviderDeclaration, SpecCheck } from '../provider.ts';

export const fakeSpec = z.object({
  data: z
    .array(
      z.object({
        key: z.string().describe('The remote key.'),
        value: z.string().describe('The value. Anybody who may read the SecretStore can read it.'),
        version: z.string().optional().describe('The version this value answers to. Without it: refs without version.'),
      }),
    )
    .describe('The values this backend holds.'),
  validationResult: z
    .int()
    .optional()
    .describe('What checking the SecretStore says: 0 ready (default), 1 unknown, anything else an error.'),
});
export type FakeSpec = z.infer<typeof fakeSpec>;

export const fake: ProviderDeclaration<FakeSpec> = {
  name: 'fake',
  spec: fakeSpec,
  capabilities: 'ReadWrite',
  maintenance: 'NotMaintained',
  check: checkFake,
  dependsOnNamespace: () => false,
  destination: () => undefined,
  load: async () => (await import('./index.ts')).fakeModule,
};

function checkFake(spec: FakeSpec): SpecCheck {
  const errors = spec.data.flatMap(({ key, value }, index) => [
    ...(key === '' ? [`data[${index}].key must not be empty`] : []),
    ...(value === '' ? [`data[${index}].value must not be empty`] : []),
  ]);
  return { errors, warnings: [] };
}
