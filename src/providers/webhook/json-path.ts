/**
 * Finding things in a JSON document with a JSONPath. Numbers keep their digits, members their order, and the work is
 * bounded, whatever a tenant writes.
 */
import { RE2JS } from 're2js';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../json/index.ts';
import {
  JsonPathError,
  parseJsonPath,
  type JsonPath,
  type Operand,
  type Selector,
  type Step,
  type Test,
} from './json-path-syntax.ts';

export { JsonPathError } from './json-path-syntax.ts';

/** Values looked at in one evaluation. */
const MOST_STEPS = 1_000_000;

/**
 * The one value a path leads to. A path that may lead to many (`*`, `..`, slices, unions, filters) gives an array of
 * what it found, which may be empty.
 * @throws JsonPathError when the path is not understood, leads nowhere, or is too much work.
 */
export function findByJsonPath(path: string, document: JsonValue): JsonValue {
  const steps = parseJsonPath(path);
  const found = new Search(document).walk(steps, document);
  if (!isSingular(steps)) return found;
  const [only] = found;
  if (only === undefined) throw new JsonPathError('there is nothing where the JSONPath leads');
  return only;
}

function isSingular(path: JsonPath): boolean {
  return path.every(
    ({ deep, selectors: [first, ...more] }) =>
      !deep && more.length === 0 && (first?.kind === 'name' || first?.kind === 'index'),
  );
}

class Search {
  readonly #root: JsonValue;
  readonly #patterns = new Map<string, RE2JS>();
  #steps = 0;

  constructor(root: JsonValue) {
    this.#root = root;
  }

  walk(path: JsonPath, start: JsonValue): readonly JsonValue[] {
    let found: readonly JsonValue[] = [start];
    for (const step of path) found = found.flatMap((value) => this.#apply(step, value));
    return found;
  }

  #apply({ deep, selectors }: Step, value: JsonValue): readonly JsonValue[] {
    const places = deep ? this.#descendants(value) : [value];
    return places.flatMap((place) => selectors.flatMap((selector) => this.#select(selector, place)));
  }

  #select(selector: Selector, value: JsonValue): readonly JsonValue[] {
    this.#count(1);
    switch (selector.kind) {
      case 'name':
        return present(isJsonObject(value) ? value.get(selector.name) : itemNamed(value, selector.name));
      case 'index':
        return present(isJsonArray(value) ? value.at(selector.index) : undefined);
      case 'slice':
        return isJsonArray(value) ? this.#slice(value, selector) : [];
      case 'all':
        return this.#children(value);
      case 'filter':
        break;
    }
    return this.#children(value).filter((child) => this.#meets(selector.test, child));
  }

  #slice(list: readonly JsonValue[], { from, to, step }: Selector & { kind: 'slice' }): readonly JsonValue[] {
    const part = list.slice(from, to);
    this.#count(part.length);
    return part.filter((_item, index) => index % step === 0);
  }

  #children(value: JsonValue): readonly JsonValue[] {
    const children = isJsonArray(value) ? value : isJsonObject(value) ? [...value.values()] : [];
    this.#count(children.length);
    return children;
  }

  /** The value itself and everything in it, from the top. */
  #descendants(value: JsonValue): readonly JsonValue[] {
    const found: JsonValue[] = [];
    const open: JsonValue[] = [value];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      found.push(next);
      for (const child of this.#children(next).toReversed()) open.push(child);
    }
    return found;
  }

  #meets(test: Test, item: JsonValue): boolean {
    this.#count(1);
    switch (test.kind) {
      case 'and':
        return test.tests.every((each) => this.#meets(each, item));
      case 'or':
        return test.tests.some((each) => this.#meets(each, item));
      case 'not':
        return !this.#meets(test.test, item);
      case 'holds':
        return this.#values(test.operand, item).some((value) => value !== null && value !== false);
      case 'compare':
        break;
    }
    return this.#compares(test, item);
  }

  /** A comparison with something that is not there never holds. */
  #compares({ left, by, right }: Test & { kind: 'compare' }, item: JsonValue): boolean {
    const [one] = this.#values(left, item);
    const [other] = this.#values(right, item);
    if (one === undefined || other === undefined) return false;
    if (by === '==') return equal(one, other);
    if (by === '!=') return !equal(one, other);
    if (by === '=~') return typeof one === 'string' && typeof other === 'string' && this.#matches(one, other);
    const order = orderOf(one, other);
    if (order === undefined) return false;
    if (by === '<') return order < 0;
    if (by === '<=') return order <= 0;
    return by === '>' ? order > 0 : order >= 0;
  }

  #matches(text: string, source: string): boolean {
    const pattern = this.#patterns.get(source) ?? compiled(source);
    this.#patterns.set(source, pattern);
    this.#count(text.length);
    return pattern.matcher(text).find();
  }

  #values(operand: Operand, item: JsonValue): readonly JsonValue[] {
    if (operand.kind === 'literal') return [operand.value];
    return this.walk(operand.path, operand.from === 'item' ? item : this.#root);
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new JsonPathError('the JSONPath is too much work for this document');
  }
}

/** `items.0` for `items[0]`. */
function itemNamed(value: JsonValue, name: string): JsonValue | undefined {
  return isJsonArray(value) && /^\d{1,9}$/.test(name) ? value[Number(name)] : undefined;
}

function present(value: JsonValue | undefined): readonly JsonValue[] {
  return value === undefined ? [] : [value];
}

function equal(one: JsonValue, other: JsonValue): boolean {
  if (one instanceof JsonNumber && other instanceof JsonNumber) return orderOf(one, other) === 0;
  return one === other;
}

/** Whole numbers are compared digit by digit: two ids that differ at their end are not the same. */
function orderOf(one: JsonValue, other: JsonValue): number | undefined {
  if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : Number(one > other);
  if (!(one instanceof JsonNumber) || !(other instanceof JsonNumber)) return undefined;
  if (isExact(one) && isExact(other)) {
    const difference = BigInt(one.literal) - BigInt(other.literal);
    return difference < 0n ? -1 : Number(difference > 0n);
  }
  return one.toNumber() - other.toNumber();
}

/** Beyond this many digits two numbers are as good as endless, and exact arithmetic is slow. */
const MOST_DIGITS = 400;

function isExact(number: JsonNumber): boolean {
  return number.isInteger && number.literal.length <= MOST_DIGITS;
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch {
    throw new JsonPathError('the JSONPath holds a regular expression that is none (RE2)');
  }
}
