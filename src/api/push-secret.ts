/** The PushSecret: writes Secrets of the cluster into backends (`api.md` 6). */
import { z } from 'zod';
import { anyJson, celRules, dateTime, duration, exactlyOneOf } from './fields.ts';
import { conditionSchema, type CustomResource, type Immutable } from './object.ts';
import { labelSelector, objectName } from './selectors.ts';
import { generatorRef, regexpRewrite, storeKind, transformRewrite } from './references.ts';
import { templateSchema } from './external-secret-template.ts';

export const pushSecretStoreRef = z.object({
  name: objectName.optional().describe('The name of the SecretStore. Ignored when labelSelector is set.'),
  labelSelector: labelSelector.optional().describe('All SecretStores of the kind with matching labels.'),
  kind: storeKind.default('SecretStore').describe('SecretStore (in the same namespace) or ClusterSecretStore.'),
});
export type PushSecretStoreRef = Immutable<z.infer<typeof pushSecretStoreRef>>;

const conversionStrategy = z
  .enum(['None', 'ReverseUnicode'])
  .default('None')
  .describe('ReverseUnicode turns "_U<code>_" in the Secret’s keys back into characters before keys are looked up.');

const metadata = anyJson
  .optional()
  .describe(
    'Settings for the backend: an object with apiVersion, kind PushSecretMetadata and spec, as the provider documents.',
  );

export const pushSecretData = z.object({
  match: z
    .object({
      secretKey: z
        .string()
        .optional()
        .describe('The key of the Secret. Without it the whole Secret is pushed as one JSON object.'),
      remoteRef: z
        .object({
          remoteKey: z.string().describe('The name of the value in the backend.'),
          property: z
            .string()
            .optional()
            .describe('The member of the value to write, when the value is a JSON object.'),
        })
        .describe('Where to write it.'),
    })
    .describe('What is pushed, and where to.'),
  metadata,
  conversionStrategy,
});
export type PushSecretData = Immutable<z.infer<typeof pushSecretData>>;

const dataToRewrite = z
  .object({
    regexp: regexpRewrite.optional().describe('Replaces what matches a regular expression in each key.'),
    transform: transformRewrite.optional().describe('Renders each remote key from the Secret’s key.'),
  })
  .refine((value) => (value.regexp === undefined) !== (value.transform === undefined), {
    error: 'exactly one of regexp, transform must be set',
  })
  .meta(
    celRules({
      rule: 'has(self.regexp) != has(self.transform)',
      message: 'exactly one of regexp, transform must be set',
    }),
  );

const STORE_REF_RULE = {
  rule: 'has(self.storeRef) && (has(self.storeRef.name) || has(self.storeRef.labelSelector))',
  message: 'storeRef must be set, with a name or a labelSelector',
};
const BUNDLE_RULE = {
  rule: '!has(self.remoteKey) || !has(self.rewrite) || size(self.rewrite) == 0',
  message: 'remoteKey (all keys in one value) and rewrite (one value per key) exclude each other: remove one of them',
};

export const pushSecretDataTo = z
  .object({
    storeRef: pushSecretStoreRef
      .optional()
      .describe('The SecretStore to push to; it must be among secretStoreRefs. Needs a name or a labelSelector.'),
    remoteKey: z
      .string()
      .optional()
      .describe('Pushes all matching keys as one JSON object under this name. Excludes rewrite.'),
    match: z
      .object({
        regexp: z.string().optional().describe('A regular expression (RE2) that a part of the key must match.'),
      })
      .optional()
      .describe('Which keys of the Secret are pushed. Without it: all.'),
    rewrite: z.array(dataToRewrite).optional().describe('Makes the remote keys from the Secret’s keys, step by step.'),
    metadata,
    conversionStrategy,
  })
  .refine((value) => value.storeRef?.name !== undefined || value.storeRef?.labelSelector !== undefined, {
    error: STORE_REF_RULE.message,
  })
  .refine((value) => value.remoteKey === undefined || (value.rewrite ?? []).length === 0, {
    error: BUNDLE_RULE.message,
  })
  .meta(celRules(STORE_REF_RULE, BUNDLE_RULE));
export type PushSecretDataTo = Immutable<z.infer<typeof pushSecretDataTo>>;

const selector = exactlyOneOf({
  secret: z
    .object({
      name: objectName.optional().describe('The name of the Secret. It wins over selector.'),
      selector: labelSelector.optional().describe('All Secrets of the namespace with matching labels.'),
    })
    .optional()
    .describe('Secrets in the same namespace.'),
  generatorRef: generatorRef.optional().describe('A generator that makes the keys and values to push.'),
});

export const pushSecretSpec = z.object({
  refreshInterval: duration
    .default('1h0m0s')
    .describe('How often the values are pushed again, e.g. "1h". 0 pushes them when something changes only.'),
  secretStoreRefs: z.array(pushSecretStoreRef).describe('The SecretStores to push to.'),
  updatePolicy: z
    .enum(['Replace', 'IfNotExists'])
    .default('Replace')
    .describe('Replace overwrites what is in the backend, IfNotExists leaves it.'),
  deletionPolicy: z
    .enum(['Delete', 'None'])
    .default('None')
    .describe('Delete removes from the backend what is no longer pushed, also when the PushSecret is deleted.'),
  selector: selector.describe('What is pushed: exactly one source.'),
  data: z.array(pushSecretData).optional().describe('Single keys and where each goes.'),
  dataTo: z.array(pushSecretDataTo).optional().describe('Many keys at once. An entry of data wins for the same key.'),
  template: templateSchema.optional().describe('Makes the values to push from those of the source.'),
});
export type PushSecretSpec = Immutable<z.infer<typeof pushSecretSpec>>;

export const pushSecretCondition = conditionSchema(z.string());

export const pushSecretStatus = z.object({
  refreshTime: dateTime.nullable().optional().describe('When everything was last pushed successfully.'),
  syncedResourceVersion: z
    .string()
    .optional()
    .describe('The generation, and a hash of labels and annotations, of the PushSecret that was last synced.'),
  sourceVersion: z
    .string()
    .optional()
    .describe('A fingerprint of which Secrets, in which versions, were last pushed. Nothing of their values is in it.'),
  syncedPushSecrets: z
    .record(z.string(), z.record(z.string(), pushSecretData))
    .optional()
    .describe(
      'What is in the backends because of this PushSecret, by "<Kind>/<name>" of the SecretStore and remote key.',
    ),
  conditions: z
    .array(pushSecretCondition)
    .optional()
    .describe('Ready says whether everything was pushed, and if not, why.'),
});
export type PushSecretStatus = Immutable<z.infer<typeof pushSecretStatus>>;

export const pushSecretSchema = z
  .object({
    spec: pushSecretSpec.optional().describe('What is wanted.'),
    status: pushSecretStatus.optional().describe('What the operator last did; it writes this by itself.'),
  })
  .describe(
    'A PushSecret writes Secrets of its namespace, or generated values, into the backends behind SecretStores.',
  );

export type PushSecret = CustomResource<PushSecretSpec, PushSecretStatus>;
