/**
 * `values.schema.json` of the chart, made of its `values.yaml`: the type of a key is that of its default, its description the
 * comment before it. Unknown keys stay allowed, because values written for External Secrets Operator must go on working.
 */
import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml';

export interface ValueSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

const INT_OR_STRING = { type: ['integer', 'string'] } as const;
const BOOLEAN_OR_NULL = { type: ['boolean', 'null'] } as const;
const RENDER_MODE = { type: 'string', enum: ['skipIfMissing', 'failIfMissing', 'alwaysRender'] } as const;

/** By the end of the key's path; the longest that fits counts. What is not here has the type of its default. */
const EXCEPTIONS: Readonly<Record<string, ValueSchema>> = {
  hostUsers: BOOLEAN_OR_NULL,
  'livenessProbe.port': INT_OR_STRING,
  'livenessProbe.spec.httpGet.port': INT_OR_STRING,
  'readinessProbe.port': INT_OR_STRING,
  'readinessProbe.spec.httpGet.port': INT_OR_STRING,
  'podDisruptionBudget.minAvailable': INT_OR_STRING,
  'image.pullPolicy': { type: 'string', enum: ['IfNotPresent', 'Always', 'Never', ''] },
  'log.level': { type: 'string', enum: ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] },
  'log.timeEncoding': { type: 'string', enum: ['epoch', 'millis', 'nano', 'iso8601', 'rfc3339', 'rfc3339nano'] },
  'serviceMonitor.renderMode': RENDER_MODE,
  'prometheusRule.renderMode': RENDER_MODE,
  'webhook.failurePolicy': { type: 'string', enum: ['Fail', 'Ignore'] },
  'openshift.adaptSecurityContext': { type: 'string', enum: ['auto', 'force', 'disabled'] },
  // Entries are mappings or texts.
  extraObjects: { type: 'array' },
  'grafanaDashboard.sidecarLabelValue': { type: ['string', 'integer'] },
};

/** The schema as JSON text. @throws Error when a key has no comment to describe it */
export function valuesSchema(valuesYaml: string): string {
  const root = parseDocument(valuesYaml).contents;
  if (!isMap(root)) throw new Error('values.yaml is no mapping');
  const schema: ValueSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the external-secrets chart',
    type: 'object',
    properties: properties(root, []),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function properties(map: YAMLMap, path: readonly string[]): Record<string, ValueSchema> {
  return Object.fromEntries(
    map.items.map((pair, index) => {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const before = index === 0 ? (map.commentBefore ?? undefined) : undefined;
      return [key, property(pair, [...path, key], before)];
    }),
  );
}

function property(pair: Pair, path: readonly string[], before: string | undefined): ValueSchema {
  const comment = (isScalar(pair.key) ? pair.key.commentBefore : undefined) ?? before;
  const description = comment?.split('\n').at(-1)?.trim();
  const described = description === undefined ? {} : { description };
  if (isMap(pair.value) && pair.value.items.length > 0) {
    return { ...described, type: 'object', properties: properties(pair.value, path) };
  }
  if (description === undefined) throw new Error(`values.yaml: ${path.join('.')} has no comment that describes it`);
  return { ...described, ...(exception(path) ?? { type: typeOf(pair.value) }) };
}

function exception(path: readonly string[]): ValueSchema | undefined {
  const ends = path.map((_, index) => path.slice(index).join('.'));
  const found = ends.find((end) => Object.hasOwn(EXCEPTIONS, end));
  return found === undefined ? undefined : EXCEPTIONS[found];
}

function typeOf(node: unknown): string {
  const value = (node as { toJSON(): unknown }).toJSON();
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}
