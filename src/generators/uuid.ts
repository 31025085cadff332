/** A random UUID, version 4 (`providers.md` 7.4; the peer's own field description says 1 and is wrong). */
import { randomUUID } from 'node:crypto';
import type { UuidSpec } from '../api/generators/simple.ts';
import { SecretValue } from '../secret-value.ts';
import type { GeneratorModule } from './generator.ts';

export const uuidGenerator: GeneratorModule<UuidSpec> = {
  generate: async () => ({ values: new Map([['uuid', SecretValue.ofText(randomUUID())]]) }),
};
