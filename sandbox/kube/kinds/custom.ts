/**
 * Turns a CustomResourceDefinition into the kind it defines.
 */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, plainText, textAt, valueAt } from '../json.ts';
import { withObjectMembers } from '../schema/metadata.ts';
import { compileSchema } from '../schema/schema.ts';
import type { FieldReader } from '../selectors.ts';
import { notImplemented } from '../status.ts';
import { ageColumn, jsonPath, nameColumn, pathColumn } from './columns.ts';
import type { Kind, KindVersion } from './kind.ts';
import { groupVersion } from './kind.ts';

/**
 * @throws UnsupportedRule naming a validation rule that the sandbox cannot judge;
 * StatusError 501 for a conversion by webhook.
 */
export function customKind(definition: JsonObject): Kind {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  if ((textAt(spec, 'conversion', 'strategy') ?? 'None') !== 'None') throw notImplemented('conversion by webhook');
  const kind = textAt(names, 'kind') ?? '';
  const versions = listAt(spec, 'versions').filter(isObject);
  const storage = versions.find((version) => version['storage'] === true);
  return {
    group: textAt(spec, 'group') ?? '',
    plural: textAt(names, 'plural') ?? '',
    singular: textAt(names, 'singular') ?? kind.toLowerCase(),
    kind,
    listKind: textAt(names, 'listKind') ?? `${kind}List`,
    shortNames: listAt(names, 'shortNames') as readonly string[],
    categories: listAt(names, 'categories') as readonly string[],
    namespaced: spec['scope'] === 'Namespaced',
    versions: versions
      .filter((version) => version['served'] === true)
      .map((version) => versionOf(version, spec, kind))
      .toSorted((a, b) => versionRank(b.name) - versionRank(a.name)),
    storageVersion: textAt(storage, 'name') ?? '',
    custom: true,
    hasGeneration: true,
    createOnUpdate: false,
    unconditionalUpdate: false,
    subresources: [],
    rules: {},
  };
}

function versionOf(version: JsonObject, spec: JsonObject, kind: string): KindVersion {
  const name = textAt(version, 'name') ?? '';
  const apiVersion = groupVersion(textAt(spec, 'group') ?? '', name);
  const columns = listAt(version, 'additionalPrinterColumns').filter(isObject).map(pathColumn);
  return {
    name,
    schema: compileSchema(withObjectMembers(objectAt(version, 'schema', 'openAPIV3Schema')), kind),
    columns: [nameColumn, ...(columns.length === 0 ? [ageColumn] : columns)],
    hasStatus: valueAt(version, 'subresources', 'status') !== undefined,
    deprecation: version['deprecated'] === true ? deprecationText(version, spec, apiVersion, kind) : undefined,
    selectable: selectableFields(version),
  };
}

function deprecationText(version: JsonObject, spec: JsonObject, apiVersion: string, kind: string): string {
  const own = textAt(version, 'deprecationWarning');
  if (own !== undefined) return own;
  const group = textAt(spec, 'group') ?? '';
  const newer = listAt(spec, 'versions')
    .filter((other) => isObject(other) && other['served'] === true && other['deprecated'] !== true)
    .map((other) => textAt(other, 'name') ?? '')
    .filter((name) => versionRank(name) > versionRank(textAt(version, 'name') ?? ''))
    .toSorted((a, b) => versionRank(b) - versionRank(a))[0];
  const instead = newer === undefined ? '' : `; use ${groupVersion(group, newer)} ${kind}`;
  return `${apiVersion} ${kind} is deprecated${instead}`;
}

function selectableFields(version: JsonObject): ReadonlyMap<string, FieldReader> {
  return new Map(
    listAt(version, 'selectableFields').map((field) => {
      const path = textAt(field, 'jsonPath') ?? '';
      const read = jsonPath(path);
      return [path.replace(/^\./, ''), (object) => plainText(read(object)[0])] as const;
    }),
  );
}

/** GA before beta before alpha, newer before older. */
function versionRank(name: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name);
  if (match === null) return 0;
  const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
  return stage * 1e6 + Number(match[1]) * 1e3 + Number(match[3] ?? 0);
}
