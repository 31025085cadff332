/** `spec.target.template` of an ExternalSecret, which PushSecret shares (`api.md` 3.2). */
import { z } from 'zod';
import { stringMap } from './fields.ts';
import type { Immutable } from './object.ts';
import { dataKey, objectName } from './selectors.ts';
import { decodingStrategy } from './references.ts';

const templateSource = (kind: 'ConfigMap' | 'Secret') =>
  z.object({
    name: objectName.describe(`The name of the ${kind}, in the same namespace.`),
    items: z
      .array(
        z.object({
          key: dataKey.describe(`A key of the ${kind} whose value is a template.`),
          templateAs: z
            .enum(['Values', 'KeysAndValues'])
            .default('Values')
            .describe(
              'Values: the rendered text becomes the value of the key of the same name. ' +
                'KeysAndValues: the rendered text is a YAML map of keys and values.',
            ),
        }),
      )
      .describe(`The keys of the ${kind} to use.`),
  });

export const templateFrom = z.object({
  configMap: templateSource('ConfigMap').optional().describe('Templates out of a ConfigMap.'),
  secret: templateSource('Secret').optional().describe('Templates out of a Secret.'),
  literal: z.string().optional().describe('A template written here; its result is a YAML map of keys and values.'),
  target: z
    .string()
    .default('Data')
    .describe(
      'Where the result goes: Data, Annotations or Labels (in any case). With spec.target.manifest also spec or a ' +
        'path like "spec.rules[0].host".',
    ),
  valuesDecodingStrategy: decodingStrategy
    .optional()
    .describe('How rendered values are decoded: Auto, Base64, Base64URL or None. Without it: None.'),
});
export type TemplateFrom = Immutable<z.infer<typeof templateFrom>>;

export const templateSchema = z.object({
  type: z.string().optional().describe('The type of the Secret, e.g. kubernetes.io/tls. Without it: Opaque.'),
  engineVersion: z.enum(['v2']).default('v2').describe('The version of the template language; v2 is the only one.'),
  mergePolicy: z
    .enum(['Replace', 'Merge'])
    .default('Replace')
    .describe('Replace: only templated keys. Merge: fetched keys too, where no template writes the same key.'),
  metadata: z
    .object({
      annotations: stringMap.optional().describe('Annotations; the values are templates.'),
      labels: stringMap.optional().describe('Labels; the values are templates.'),
      finalizers: z
        .array(z.string())
        .optional()
        .describe('Finalizers added to the Secret when they are missing. They are never taken away again.'),
    })
    .optional()
    .describe(
      'Labels, annotations and finalizers of the Secret. With a template those of the ExternalSecret are not copied.',
    ),
  data: stringMap.optional().describe('One template per key.'),
  templateFrom: z
    .array(templateFrom)
    .optional()
    .describe('Further templates, rendered in order before data; data wins where both write a key.'),
});
export type Template = Immutable<z.infer<typeof templateSchema>>;
