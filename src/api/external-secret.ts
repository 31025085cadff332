/**
 * The ExternalSecret: which values to fetch, how often, and the Secret to make of them (`api.md` 3). The rules a schema
 * cannot say are in `external-secret-checks.ts`.
 */
import { z } from 'zod';
import { dateTime, duration } from './fields.ts';
import { conditionSchema, type CustomResource, type Immutable } from './object.ts';
import { objectName } from './selectors.ts';
import { secretStoreRef } from './references.ts';
import { externalSecretData, externalSecretDataFrom } from './external-secret-data.ts';
import { templateSchema } from './external-secret-template.ts';

const CRON = /^(@(annually|yearly|monthly|weekly|daily|midnight|hourly)|@every [^\s]+.*|[^\s]+( [^\s]+){4})$/;

const target = z.object({
  name: objectName.optional().describe('The name of the Secret. Without it: the name of the ExternalSecret.'),
  creationPolicy: z
    .enum(['Owner', 'Orphan', 'Merge', 'None', 'CreateOrMerge'])
    .default('Owner')
    .describe(
      'Owner makes the Secret and owns it, so that it goes with the ExternalSecret. Orphan makes it without owning it. ' +
        'Merge adds keys to a Secret that exists already, CreateOrMerge makes it first if it has to. None writes no Secret.',
    ),
  deletionPolicy: z
    .enum(['Delete', 'Merge', 'Retain'])
    .default('Retain')
    .describe(
      'What happens when the values are gone from the backend: Retain keeps the Secret as it is, Merge removes the keys, ' +
        'Delete removes the Secret.',
    ),
  immutable: z
    .boolean()
    .optional()
    .describe('Makes the Secret immutable. Its data is then never changed again. Without it: false.'),
  manifest: z
    .object({
      apiVersion: z.string().min(1).describe('The API version of the object.'),
      kind: z.string().min(1).describe('The kind of the object.'),
    })
    .optional()
    .describe(
      'Writes an object of this kind instead of a Secret. Works only when the operator was started with ' +
        '--unsafe-allow-generic-targets.',
    ),
  template: templateSchema.optional().describe('What the Secret should look like, with the fetched values as inputs.'),
});

const syncWindows = z.object({
  kind: z
    .enum(['allow', 'deny'])
    .describe('allow: periodic refreshes happen only inside the windows. deny: they happen only outside.'),
  windows: z
    .array(
      z.object({
        schedule: z
          .string()
          .min(1)
          .regex(CRON)
          .describe('When the window opens: five cron fields in UTC, or @hourly, @daily, @every 6h and the like.'),
        duration: duration.describe('How long the window stays open, e.g. "2h".'),
      }),
    )
    .min(1)
    .describe('The windows.'),
});

export const externalSecretSpec = z.object({
  secretStoreRef: secretStoreRef
    .optional()
    .describe('The SecretStore that all entries use unless they name another. Not needed for generators only.'),
  target: target
    .default({ creationPolicy: 'Owner', deletionPolicy: 'Retain' })
    .describe('The Secret that is made: its name, its template, and what happens to it at the end.'),
  refreshPolicy: z
    .enum(['CreatedOnce', 'Periodic', 'OnChange'])
    .optional()
    .describe(
      'When the values are fetched again. Periodic: each refreshInterval and when the ExternalSecret changes. OnChange: ' +
        'only when it changes. CreatedOnce: never again. Without it: Periodic.',
    ),
  refreshInterval: duration
    .default('1h0m0s')
    .describe('How often the values are fetched again, e.g. "1h", "15m", "90s". 0 fetches them once.'),
  syncWindows: syncWindows.optional().describe('Times of day or week to which periodic refreshes are limited.'),
  data: z.array(externalSecretData).optional().describe('Single values: one key of the Secret each.'),
  dataFrom: z
    .array(externalSecretDataFrom)
    .optional()
    .describe('Sources of many keys at once. Later entries win over earlier ones, and data wins over all.'),
});
export type ExternalSecretSpec = Immutable<z.infer<typeof externalSecretSpec>>;

export const externalSecretStatus = z.object({
  refreshTime: dateTime.nullable().optional().describe('When the values were last fetched successfully.'),
  syncedResourceVersion: z
    .string()
    .optional()
    .describe('The generation, and a hash of labels and annotations, of the ExternalSecret that was last synced.'),
  conditions: z
    .array(conditionSchema(z.enum(['Ready', 'Deleted'])))
    .optional()
    .describe('Ready says whether the Secret holds what the ExternalSecret asks for, and if not, why.'),
  binding: z
    .object({ name: z.string().default('').describe('The name of the Secret.') })
    .meta({ 'x-kubernetes-map-type': 'atomic' })
    .optional()
    .describe('The Secret that was made, for tools that follow servicebinding.io.'),
});
export type ExternalSecretStatus = Immutable<z.infer<typeof externalSecretStatus>>;
export type ExternalSecretCondition = NonNullable<ExternalSecretStatus['conditions']>[number];

export const externalSecretSchema = z
  .object({
    spec: externalSecretSpec.optional().describe('What is wanted.'),
    status: externalSecretStatus.optional().describe('What the operator last did; it writes this by itself.'),
  })
  .describe(
    'An ExternalSecret fetches values from the backend behind a SecretStore, or makes them with a generator, and keeps a ' +
      'Secret in step with them.',
  );

export type ExternalSecret = CustomResource<ExternalSecretSpec, ExternalSecretStatus>;
