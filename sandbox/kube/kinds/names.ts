/**
 * Checks of names, labels, annotations and other metadata that every kind shares, in the API server's words.
 */
import { forbiddenField, invalidValue, required, tooLong } from '../field-errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { compact, isObject, listAt, objectAt, plainText, textAt, valueAt } from '../json.ts';
import type { FieldError } from '../status.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;

const SUBDOMAIN_WHY =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_WHY =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART_WHY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_WHY =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY_WHY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** Problems of a name: an RFC 1123 subdomain, or a label for namespaces. */
export function nameProblems(name: string, style: 'subdomain' | 'label'): readonly string[] {
  const max = style === 'label' ? 63 : 253;
  const problems = [];
  if (style === 'label' && name.includes('.')) return ['must not contain dots'];
  if (name.length > max) problems.push(`must be no more than ${max} characters`);
  if (!(style === 'label' ? LABEL : SUBDOMAIN).test(name)) problems.push(style === 'label' ? LABEL_WHY : SUBDOMAIN_WHY);
  return problems;
}

/** Problems of a qualified name such as a label key: `[prefix/]name`. */
export function qualifiedNameProblems(text: string): readonly string[] {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (parts.length > 2)
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  if (parts.length === 2 && parts[0] === '') problems.push('prefix part must be non-empty');
  else if (parts.length === 2)
    problems.push(...nameProblems(parts[0] ?? '', 'subdomain').map((why) => `prefix part ${why}`));
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 characters');
  if (!NAME_PART.test(name)) problems.push(NAME_PART_WHY);
  return problems;
}

export function configKeyProblems(key: string): readonly string[] {
  const problems = [];
  if (key.length > 253) problems.push('must be no more than 253 characters');
  if (!CONFIG_KEY.test(key)) problems.push(CONFIG_KEY_WHY);
  if (key === '.') problems.push("must not be '.'");
  else if (key === '..') problems.push("must not be '..'");
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

const MOST_ANNOTATION_BYTES = 256 * 1024;

/**
 * Everything about `metadata` that does not depend on the kind.
 * @param core kinds of the core group are stricter about the names of finalizers.
 */
export function validateMetadata(object: JsonObject, style: 'subdomain' | 'label', core: boolean): FieldError[] {
  const metadata = objectAt(object, 'metadata');
  const name = textAt(metadata, 'name') ?? '';
  const errors: FieldError[] = [];
  const prefix = textAt(metadata, 'generateName');
  if (prefix !== undefined)
    errors.push(
      ...nameProblems(prefix.replace(/-$/, 'a'), style).map((why) =>
        invalidValue('metadata.generateName', prefix, why),
      ),
    );
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else errors.push(...nameProblems(name, style).map((why) => invalidValue('metadata.name', name, why)));
  return [
    ...errors,
    ...labelErrors(metadata),
    ...annotationErrors(metadata),
    ...ownerErrors(metadata),
    ...finalizerErrors(metadata, core),
  ];
}

function labelErrors(metadata: JsonObject): FieldError[] {
  return Object.entries(objectAt(metadata, 'labels')).flatMap(([key, value]) => {
    const keys = qualifiedNameProblems(key).map((why) => invalidValue('metadata.labels', key, why));
    const text = typeof value === 'string' ? value : '';
    if (text.length > 63) keys.push(invalidValue('metadata.labels', text, 'must be no more than 63 bytes'));
    if (!LABEL_VALUE.test(text)) keys.push(invalidValue('metadata.labels', text, LABEL_VALUE_WHY));
    return keys;
  });
}

function annotationErrors(metadata: JsonObject): FieldError[] {
  const entries = Object.entries(objectAt(metadata, 'annotations'));
  const errors = entries.flatMap(([key]) =>
    qualifiedNameProblems(key.toLowerCase()).map((why) => invalidValue('metadata.annotations', key, why)),
  );
  const size = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(plainText(value)),
    0,
  );
  if (size > MOST_ANNOTATION_BYTES) errors.push(tooLong('metadata.annotations', MOST_ANNOTATION_BYTES));
  return errors;
}

/** Members in the order of Go's struct, as error texts print them. */
function inGoOrder(owner: Json): JsonObject {
  const order = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'];
  return compact(Object.fromEntries(order.map((field) => [field, valueAt(owner, field)])));
}

function ownerErrors(metadata: JsonObject): FieldError[] {
  const owners = listAt(metadata, 'ownerReferences');
  const errors = owners.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => (textAt(owner, field) ?? '') === '')
      .map((field) =>
        invalidValue(
          `metadata.ownerReferences.${field}`,
          '',
          field === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
        ),
      ),
  );
  const controllers = owners.filter((owner) => isObject(owner) && owner['controller'] === true);
  if (controllers.length > 1) {
    const [first, second] = controllers;
    const named = (owner: Json | undefined): string => `${textAt(owner, 'kind') ?? ''}/${textAt(owner, 'name') ?? ''}`;
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${named(first)} and ${named(second)}`;
    const text = `Invalid value: ${JSON.stringify(owners.map(inGoOrder))}: ${why}`;
    errors.push({ field: 'metadata.ownerReferences', reason: 'FieldValueInvalid', text });
  }
  return errors;
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function finalizerErrors(metadata: JsonObject, core: boolean): FieldError[] {
  const finalizers = listAt(metadata, 'finalizers') as readonly string[];
  const wrong = finalizers.flatMap((text) =>
    qualifiedNameProblems(text).map((why) => invalidValue('metadata.finalizers', text, why)),
  );
  const unqualified = finalizers.flatMap((text, index) => {
    if (!core || text.includes('/') || STANDARD_FINALIZERS.has(text)) return [];
    const why = 'name is neither a standard finalizer name nor is it fully qualified';
    return [invalidValue(`metadata.finalizers[${index}]`, text, why)];
  });
  return [...wrong, ...unqualified];
}

/** What may not change in `metadata` on an update. */
export function validateMetadataUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const before = objectAt(old, 'metadata');
  if (textAt(before, 'deletionTimestamp') === undefined) return [];
  const had = new Set(listAt(before, 'finalizers'));
  const added = listAt(object, 'metadata', 'finalizers').filter((finalizer) => !had.has(finalizer));
  if (added.length === 0) return [];
  const list = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`;
  return [
    forbiddenField(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
    ),
  ];
}
