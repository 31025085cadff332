/**
 * Label and field selectors: parsed once per request into a predicate. Errors are the API server's 400s.
 */
import type { JsonObject } from './json.ts';
import { objectAt, textAt } from './json.ts';
import { badRequest } from './status.ts';

export type Predicate = (object: JsonObject) => boolean;

type LabelTest = (labels: JsonObject) => boolean;

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Undefined or empty selects everything. */
export function labelSelector(text: string | undefined): Predicate | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const tests = splitOutsideParentheses(text).map((part) => labelTest(part.trim(), text));
  return (object) => {
    const labels = objectAt(object, 'metadata', 'labels');
    return tests.every((test) => test(labels));
  };
}

function labelTest(part: string, whole: string): LabelTest {
  const set = /^([^\s!=<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) return setTest(set[1] ?? '', set[2] === 'in', (set[3] ?? '').split(','));
  const compare = /^([^\s!=<>(),]+)\s*(==|=|!=)\s*([^\s!=<>(),]*)$/.exec(part);
  if (compare !== null) return setTest(compare[1] ?? '', compare[2] !== '!=', [compare[3] ?? '']);
  const exists = /^(!?)\s*([^\s!=<>(),]+)$/.exec(part);
  if (exists !== null) return existsTest(exists[2] ?? '', exists[1] === '');
  throw badRequest(`unable to parse requirement: found ${JSON.stringify(part)} in ${JSON.stringify(whole)}`);
}

function setTest(key: string, wanted: boolean, values: readonly string[]): LabelTest {
  const allowed = new Set(values.map((value) => value.trim()));
  return (labels) => {
    const value = textAt(labels, key);
    return value === undefined ? !wanted : allowed.has(value) === wanted;
  };
}

function existsTest(key: string, wanted: boolean): LabelTest {
  return (labels) => Object.hasOwn(labels, key) === wanted;
}

function splitOutsideParentheses(text: string): readonly string[] {
  return text.split(/,(?![^()]*\))/);
}

interface FieldTerm {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Reads one selectable field of an object as text ('' when absent). */
export type FieldReader = (object: JsonObject) => string;

/**
 * Parses `metadata.name=x,spec.y!=z`. `fields` holds what the kind can be selected by.
 * @throws 400 for any other field, as the API server does.
 */
export function fieldSelector(
  text: string | undefined,
  fields: ReadonlyMap<string, FieldReader>,
): Predicate | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const tests = fieldTerms(text).map((term) => fieldTest(term, fields));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(term: FieldTerm, fields: ReadonlyMap<string, FieldReader>): Predicate {
  const read = fields.get(term.field);
  if (read === undefined) throw badRequest(`field label not supported: ${term.field}`);
  return (object) => (read(object) === term.value) === term.equal;
}

function fieldTerms(text: string): readonly FieldTerm[] {
  return text
    .split(/(?<!\\),/)
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(part);
      if (match === null)
        throw badRequest(`invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(part)}`);
      const value = (match[3] ?? '').replaceAll(/\\([,=\\])/g, '$1');
      return { field: match[1] ?? '', equal: match[2] !== '!=', value };
    });
}

/** A LabelSelector object (matchLabels, matchExpressions) as a predicate over a map of labels; empty selects all. */
export function matchesLabelSelector(selector: JsonObject, labels: JsonObject): boolean {
  const wanted = Object.entries(objectAt(selector, 'matchLabels'));
  if (!wanted.every(([key, value]) => textAt(labels, key) === value)) return false;
  const expressions = selector['matchExpressions'];
  if (!Array.isArray(expressions)) return true;
  return (expressions as readonly JsonObject[]).every((expression) => matchesExpression(expression, labels));
}

function matchesExpression(expression: JsonObject, labels: JsonObject): boolean {
  const value = textAt(labels, textAt(expression, 'key') ?? '');
  const values = (expression['values'] ?? []) as readonly string[];
  switch (expression['operator']) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}
