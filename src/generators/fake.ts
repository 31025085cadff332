/** The keys and values that stand in the object itself, for tests. */
import type { FakeSpec } from '../api/generators/simple.ts';
import { SecretValue } from '../secret-value.ts';
import type { GeneratorModule } from './generator.ts';

export const fakeGenerator: GeneratorModule<FakeSpec> = {
  generate: async ({ data = {} }) => ({
    values: new Map(Object.entries(data).map(([key, text]) => [key, SecretValue.ofText(text)])),
  }),
};
