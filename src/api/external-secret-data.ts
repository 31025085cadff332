/** What an ExternalSecret fetches: `spec.data` and `spec.dataFrom` (`api.md` 3.3 and 3.4). */
import { z } from 'zod';
import { exactlyOneOf, stringMap } from './fields.ts';
import type { Immutable } from './object.ts';
import { dataKey } from './selectors.ts';
import { generatorRef, regexpRewrite, remoteRef, secretStoreRef, strategies, transformRewrite } from './references.ts';

const storeRef = secretStoreRef
  .optional()
  .describe('Another SecretStore for this entry, instead of spec.secretStoreRef.');

export const externalSecretData = z.object({
  secretKey: dataKey.describe('The key in the Secret.'),
  remoteRef: remoteRef.describe('The value in the backend.'),
  sourceRef: exactlyOneOf({
    storeRef,
    generatorRef: generatorRef
      .optional()
      .describe('Not usable here: a generator gives several keys, so name it in dataFrom.'),
  })
    .optional()
    .describe('Where this value comes from when it is not spec.secretStoreRef.'),
});
export type ExternalSecretData = Immutable<z.infer<typeof externalSecretData>>;

export const find = z.object({
  path: z.string().optional().describe('Where the search starts, in the words of the backend.'),
  name: z
    .object({
      regexp: z.string().optional().describe('A regular expression (RE2) that a part of the name must match.'),
    })
    .optional()
    .describe('Finds values by name.'),
  tags: stringMap.optional().describe('Finds values that have all these tags.'),
  ...strategies,
});

const mergeRewrite = z.object({
  strategy: z
    .enum(['Extract', 'JSON'])
    .default('Extract')
    .describe('Extract: the merged members become keys. JSON: the merged object is stored under the key "into".'),
  into: z.string().default('').describe('The key of the merged object; needed for strategy JSON.'),
  priority: z
    .array(z.string())
    .optional()
    .describe('Keys that are merged last, in this order, so that the last one wins.'),
  priorityPolicy: z
    .enum(['IgnoreNotFound', 'Strict'])
    .default('Strict')
    .describe('What happens when a key of priority was not fetched: Strict fails, IgnoreNotFound goes on.'),
  conflictPolicy: z
    .enum(['Ignore', 'Error'])
    .default('Error')
    .describe('What happens when two values have the same member: Error fails, Ignore takes the later one.'),
});

export const rewrite = exactlyOneOf({
  regexp: regexpRewrite.optional().describe('Replaces what matches a regular expression in each key.'),
  transform: transformRewrite.optional().describe('Renders each new key from the old one.'),
  merge: mergeRewrite.optional().describe('Merges the fetched values, which must be JSON objects, into one.'),
});
export type Rewrite = Immutable<z.infer<typeof rewrite>>;

export const externalSecretDataFrom = z.object({
  extract: remoteRef.optional().describe('One value of the backend, a JSON object: each member becomes a key.'),
  find: find.optional().describe('Many values of the backend, found by name or tags: each becomes a key.'),
  rewrite: z
    .array(rewrite)
    .optional()
    .describe('Changes the keys that were fetched, step by step. With it conversionStrategy has no effect.'),
  sourceRef: exactlyOneOf({
    storeRef,
    generatorRef: generatorRef
      .optional()
      .describe('A generator that makes the keys and values. It excludes extract and find.'),
  })
    .optional()
    .describe('Where these values come from when it is not spec.secretStoreRef.'),
});
export type ExternalSecretDataFrom = Immutable<z.infer<typeof externalSecretDataFrom>>;
