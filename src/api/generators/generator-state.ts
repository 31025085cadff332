/** GeneratorState (`api.md` 8.10): remembers what a generator made in a backend, so that it can be taken away later. */
import { z } from 'zod';
import { anyJson, dateTime } from '../fields.ts';
import { conditionSchema, type CustomResource, type Immutable } from '../object.ts';

export const generatorStateSpec = z.object({
  garbageCollectionDeadline: dateTime
    .optional()
    .describe('After this time the object is deleted, and with it what the generator made. Without it: kept.'),
  resource: anyJson.describe('The generator as it was when it ran.'),
  state: anyJson.describe('What the generator needs to take away what it made. Never a secret value.'),
});
export type GeneratorStateSpec = Immutable<z.infer<typeof generatorStateSpec>>;

export const generatorStateStatus = z.object({
  conditions: z.array(conditionSchema(z.string())).optional().describe('Not written by this operator.'),
});
export type GeneratorStateStatus = Immutable<z.infer<typeof generatorStateStatus>>;

export const generatorStateSchema = z
  .object({
    spec: generatorStateSpec.optional().describe('What the generator made.'),
    status: generatorStateStatus.optional().describe('Not written by this operator.'),
  })
  .describe(
    'A GeneratorState belongs to the operator: it remembers what a generator made in a backend. Do not edit it.',
  );

export type GeneratorState = CustomResource<GeneratorStateSpec, GeneratorStateStatus>;
