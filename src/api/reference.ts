/**
 * Reference pages in Markdown, one per kind, made of the same schemas as the CRDs: every field with its type, default,
 * limits and description. What a page would repeat from another is a link.
 */
import { structuralSchema, type StructuralSchema } from './crd.ts';
import type { KindDefinition } from './kinds.ts';
import { PROVIDER_KEYS } from './provider-keys.ts';
import type { ProviderSchema } from './secret-store.ts';
import { caProvider, labelSelector, secretKeySelector, serviceAccountSelector } from './selectors.ts';

/** Where a page stops and points to another: kind, path, link. `*` stands for one name. */
const ELSEWHERE: readonly (readonly [kind: string, path: RegExp, link: string])[] = [
  ['ClusterExternalSecret', /^spec\.externalSecretSpec$/, '[ExternalSecret](externalsecret.md)'],
  ['ClusterPushSecret', /^spec\.pushSecretSpec$/, '[PushSecret](pushsecret.md)'],
  ['PushSecret', /^spec\.template$/, '`spec.target.template` of [ExternalSecret](externalsecret.md)'],
  ['ClusterSecretStore', /^spec\.provider$/, '[SecretStore](secretstore.md)'],
  ['VaultDynamicSecret', /^spec\.provider$/, '`spec.provider.vault` of [SecretStore](secretstore.md)'],
];

/** Objects that appear in many places: described once, on the index page. */
const SHARED: readonly (readonly [title: string, schema: StructuralSchema])[] = [
  ['Secret key', structuralSchema(secretKeySelector)],
  ['ServiceAccount', structuralSchema(serviceAccountSelector)],
  ['Certificates', structuralSchema(caProvider)],
  ['Label selector', structuralSchema(labelSelector)],
];

/** One field, ready to be a row. */
interface Field {
  readonly path: string;
  readonly required: boolean;
  readonly schema: StructuralSchema;
  readonly link?: string;
}

/** File name to text, the index included. */
export function referencePages(
  kinds: readonly KindDefinition[],
  built: readonly ProviderSchema[],
): ReadonlyMap<string, string> {
  const pages = kinds.map((kind): [string, string] => [fileName(kind.resource.kind), page(kind, built)]);
  return new Map([['README.md', index(kinds)], ...pages]);
}

const fileName = (kind: string): string => `${kind.toLowerCase()}.md`;
const MADE = '<!-- Made by `npm run generate` from src/api. Edits will be lost. -->';

function index(kinds: readonly KindDefinition[]): string {
  const rows = kinds.map((kind) => {
    const { group, kind: name, namespaced } = kind.resource;
    const versions = kind.versions.map((version) => version.name).join(', ');
    const short = kind.shortNames.map(code).join(', ');
    return row(`[${name}](${fileName(name)})`, code(group), versions, namespaced ? 'namespace' : 'cluster', short);
  });
  return lines(
    MADE,
    '',
    '# Reference of the custom resources',
    '',
    row('Kind', 'Group', 'Versions', 'Scope', 'Short name'),
    row('---', '---', '---', '---', '---'),
    ...rows,
    ...SHARED.flatMap(([title, schema]) => ['', `## ${title}`, '', ...table(fieldsOf(schema))]),
  );
}

function fieldsOf(schema: StructuralSchema, prefix = ''): readonly Field[] {
  const inner = innermost(schema);
  return Object.entries(inner.schema?.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const required = inner.schema?.required?.includes(name) ?? false;
    return [{ path, required, schema: child }, ...fieldsOf(child, `${path}${innermost(child).suffix}.`)];
  });
}

/** The title of the shared object that has the same members. */
function sharedTitle(schema: StructuralSchema): string | undefined {
  const members = (it: StructuralSchema): string => Object.keys(it.properties ?? {}).join();
  return schema.properties && SHARED.find(([, shared]) => members(shared) === members(schema))?.[0];
}

function page(kind: KindDefinition, built: readonly ProviderSchema[]): string {
  const { kind: name } = kind.resource;
  const schema = structuralSchema(kind.schema);
  const parts = ['spec', 'status'].flatMap((part) => {
    const fields = fieldsBelow(kind, part, schema.properties?.[part], built);
    return fields.length === 0 ? [] : ['', `## ${part}`, '', ...table(fields)];
  });
  const provider = name === 'SecretStore' ? providerNote(built) : [];
  return lines(MADE, '', `# ${name}`, '', schema.description ?? '', '', ...names(kind), ...parts, ...provider);
}

function names(kind: KindDefinition): readonly string[] {
  const { group, plural, namespaced } = kind.resource;
  const versions = kind.versions.map(({ name, deprecation }) => {
    return code(`${group}/${name}`) + (deprecation === undefined ? '' : ' (deprecated)');
  });
  const short = kind.shortNames.length === 0 ? '' : `, short ${kind.shortNames.map(code).join(', ')}`;
  return [
    `- apiVersion: ${versions.join(', ')}`,
    `- in \`kubectl\`: ${code(plural)}${short}`,
    `- scope: ${namespaced ? 'namespace' : 'cluster'}`,
  ];
}

function table(fields: readonly Field[]): readonly string[] {
  return [row('Field', 'Type', 'Default', 'Description'), row('---', '---', '---', '---'), ...fields.map(fieldRow)];
}

function fieldRow({ path, required, schema, link }: Field): string {
  const value = schema.default === undefined ? '' : code(JSON.stringify(schema.default));
  const seen = link === undefined ? '' : ` See ${link}.`;
  const text = `${required ? '**Required.** ' : ''}${cell(schema.description ?? '')}${seen}${limits(schema)}`;
  return row(code(path), typeName(schema), value, text);
}

function typeName(schema: StructuralSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeName(schema.additionalProperties)}`;
  if (schema.type === undefined) return 'any';
  const shared = sharedTitle(schema);
  if (shared !== undefined) return `[${shared}](README.md#${shared.toLowerCase().replace(' ', '-')})`;
  return schema.format === 'date-time' ? 'time' : schema.format === 'byte' ? 'base64' : schema.type;
}

function limits(schema: StructuralSchema): string {
  const { minimum, maximum, minItems, minProperties, maxProperties } = schema;
  const notes = [
    minimum === undefined ? '' : `at least ${minimum}`,
    maximum === undefined ? '' : `at most ${maximum}`,
    minItems === undefined ? '' : `at least ${minItems} entry`,
    minProperties === 1 && maxProperties === 1 ? 'exactly one member' : '',
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => cell(message)),
  ].filter((note) => note !== '');
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

/** The fields below `path`, depth first, as the schema orders them. */
function fieldsBelow(
  kind: KindDefinition,
  path: string,
  schema: StructuralSchema | undefined,
  built: readonly ProviderSchema[],
): readonly Field[] {
  const inner = innermost(schema);
  return Object.entries(inner.schema?.properties ?? {}).flatMap(([name, child]) => {
    const childPath = `${path}${inner.suffix}.${name}`;
    if (isUnbuilt(kind, childPath, built)) return [];
    const field = { path: childPath, required: inner.schema?.required?.includes(name) ?? false, schema: child };
    if (sharedTitle(child.items ?? child) !== undefined) return [field];
    const link = linkFor(kind.resource.kind, childPath);
    return link === undefined ? [field, ...fieldsBelow(kind, childPath, child, built)] : [{ ...field, link }];
  });
}

/** Goes through lists and maps to the object whose members are listed. */
function innermost(schema: StructuralSchema | undefined, suffix = ''): { schema?: StructuralSchema; suffix: string } {
  if (schema?.items !== undefined) return innermost(schema.items, `${suffix}[]`);
  if (schema?.additionalProperties !== undefined) return innermost(schema.additionalProperties, `${suffix}.<name>`);
  return schema === undefined ? { suffix } : { schema, suffix };
}

function linkFor(kind: string, path: string): string | undefined {
  const generator = kind === 'ClusterGenerator' ? /^spec\.generator\.(\w+)Spec$/.exec(path)?.[1] : undefined;
  if (generator !== undefined) return `\`spec\` of [this generator](${fileName(generator)})`;
  return ELSEWHERE.find(([where, pattern]) => where === kind && pattern.test(path))?.[2];
}

function isUnbuilt(kind: KindDefinition, path: string, built: readonly ProviderSchema[]): boolean {
  const key = kind.resource.kind === 'SecretStore' ? /^spec\.provider\.(\w+)$/.exec(path)?.[1] : undefined;
  return key !== undefined && !built.some((provider) => provider.name === key);
}

function providerNote(built: readonly ProviderSchema[]): readonly string[] {
  const names = new Set(built.map((provider) => provider.name));
  const open = PROVIDER_KEYS.filter((key) => !names.has(key));
  return [
    '',
    '## Providers',
    '',
    `This build has: ${[...names].sort().map(code).join(', ')}.`,
    '',
    'These keys are accepted too, with any content, so that existing manifests apply; the SecretStore then says that the',
    `provider is not available in this build: ${open.map(code).join(', ')}.`,
  ];
}

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll(/[\\`*|]/g, '\\$&').replaceAll('<', '&lt;');
