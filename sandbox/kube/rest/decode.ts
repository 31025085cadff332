/**
 * From the JSON that was sent to an object of the kind: names checked, unknown fields dropped (and reported as asked),
 * wrong types refused, defaults filled in.
 */
import { invalidValue } from '../field-errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, objectAt, textAt } from '../json.ts';
import { groupVersion } from '../kinds/kind.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { prune } from '../schema/prune.ts';
import { validate } from '../schema/validate.ts';
import type { FieldError } from '../status.ts';
import type { StatusError } from '../status.ts';
import { badRequest, invalid } from '../status.ts';
import type { Target, Terms } from './target.ts';

/** The object as sent, without what the kind does not know. Not yet defaulted: see {@link complete}. */
export function decode(target: Target, raw: Json, terms: Terms): JsonObject {
  if (!isObject(raw)) throw badRequest("couldn't get version/kind; json parse error: the body is no object");
  const named = checkNames(target, raw);
  const unknown: string[] = [];
  const pruned = prune(named, target.version.schema, unknown) as JsonObject;
  reportUnknown(target, unknown, terms);
  refuseWrongTypes(target, pruned);
  const metadata = objectAt(pruned, 'metadata');
  return { ...pruned, metadata };
}

/** Kind-specific decoding and defaults. */
export function complete(target: Target, object: JsonObject): JsonObject {
  const { decode: decodeKind } = target.kind.rules;
  return applyDefaults(decodeKind === undefined ? object : decodeKind(object), target.version.schema) as JsonObject;
}

function checkNames(target: Target, raw: JsonObject): JsonObject {
  const expected = groupVersion(target.kind.group, target.version.name);
  const apiVersion = textAt(raw, 'apiVersion') ?? '';
  const kind = textAt(raw, 'kind') ?? '';
  const version = apiVersion.split('/').at(-1) ?? '';
  const cannot = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${target.kind.kind}`;
  if (target.kind.custom) {
    if (kind === '') {
      const text = JSON.stringify(raw);
      throw badRequest(
        `the object provided is unrecognized (must be of type ${target.kind.kind}): Object 'Kind' is missing in '${text}' (${text})`,
      );
    }
    if (kind !== target.kind.kind) throw wrongCustomKind(target, raw, kind);
    if (apiVersion !== '' && apiVersion !== expected)
      throw badRequest(
        `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
      );
  } else if (kind !== '' && kind !== target.kind.kind) {
    throw badRequest(`${cannot}: converting (${version}.${kind}) to (core.${target.kind.kind}): unknown conversion`);
  } else if (apiVersion !== '' && apiVersion !== expected) {
    const where = 'in scheme "pkg/runtime/scheme.go:111"';
    throw badRequest(
      `${cannot}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ${where}`,
    );
  }
  return { ...raw, apiVersion: expected, kind: target.kind.kind };
}

function wrongCustomKind(target: Target, raw: JsonObject, kind: string): StatusError {
  const name = textAt(raw, 'metadata', 'name') ?? '';
  return invalid(target.kind.group, kind, name, [invalidValue('kind', kind, `must be ${target.kind.kind}`)]);
}

function handled(target: Target): string {
  const { kind } = target.kind;
  return `${kind} in version ${JSON.stringify(target.version.name)} cannot be handled as a ${kind}`;
}

function reportUnknown(target: Target, unknown: readonly string[], terms: Terms): void {
  if (unknown.length === 0 || terms.fieldValidation === 'Ignore') return;
  const paths = target.kind.custom ? unknown.toSorted() : unknown;
  const texts = paths.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (terms.fieldValidation === 'Warn') terms.warnings.push(...texts);
  else throw badRequest(`${handled(target)}: strict decoding error: ${texts.join(', ')}`);
}

/** Wrong JSON types, not wrong formats; nulls are left out by Go's decoder. */
function isTypeMismatch(error: FieldError): boolean {
  return (
    error.reason === 'FieldValueTypeInvalid' &&
    /of type (string|integer|boolean|object|array|number): "(?!null)/.test(error.text)
  );
}

/** Typed decoding: all of a core kind, only the metadata of a custom one (its schema speaks later, with 422). */
function refuseWrongTypes(target: Target, object: JsonObject): void {
  const { schema } = target.version;
  const checked = target.kind.custom ? { metadata: objectAt(object, 'metadata') } : object;
  for (const [name, member] of Object.entries(checked)) {
    const known = schema.properties.get(name);
    if (known === undefined || member === null) continue;
    const wrong = validate(member, known, name).find((error) => isTypeMismatch(error));
    if (wrong === undefined) continue;
    const [, wanted, actual] =
      /must be of type (\w+): "(integer|number|boolean|object|array|string)"/.exec(wrong.text) ?? [];
    const parts = wrong.field.split('.').slice(0, name === 'metadata' ? 2 : 1);
    const field = parts.slice(target.kind.custom ? 1 : 0).join('.');
    const struct = name === 'metadata' ? 'ObjectMeta' : target.kind.kind;
    const type = known.additional?.format === 'go-bytes' ? '[]uint8' : goKind(wanted);
    throw badRequest(
      `${handled(target)}: json: cannot unmarshal ${goKind(actual)} into Go struct field ${struct}.${field} of type ${type}`,
    );
  }
}

function goKind(type: string | undefined): string {
  if (type === 'boolean') return 'bool';
  return type === 'integer' ? 'number' : (type ?? 'string');
}
