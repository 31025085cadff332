/**
 * Does an array item meet the condition of a `#(…)` query?
 */
import type { Query } from './path-syntax.ts';
import { foundText, type Found } from './scan.ts';
import { decodeUtf8, fromBinary } from './text.ts';
import { matchesPattern, parsePattern } from './wildcard.ts';

export function meets(query: Pick<Query, 'operator' | 'operand'>, found: Found): boolean {
  if (query.operand.startsWith('~')) return meetsKind(query, found);
  if (found.kind === 'nothing') return false;
  if (query.operator === '') return true;
  switch (found.kind) {
    case 'string':
      return compareText(query.operator, foundText(found), query.operand);
    case 'number':
      return compareOrdered(query.operator, Number(found.raw), Number(query.operand) || 0);
    case 'true':
    case 'false':
      return compareOrdered(query.operator, Number(found.kind === 'true'), truth(query.operand));
    case 'null':
    case 'compound':
      break;
  }
  return false;
}

/** `~true`, `~false`, `~null` and `~*` ask what kind of thing it is; a missing one counts as false and null. */
function meetsKind(query: Pick<Query, 'operator' | 'operand'>, found: Found): boolean {
  const text = foundText(found);
  const truthy =
    found.kind === 'true' || (found.kind === 'number' && Number(text) !== 0) || /^(?:1|t|true)$/i.test(text);
  const answers: Readonly<Record<string, boolean>> = {
    '~*': found.kind !== 'nothing',
    '~null': found.kind === 'null' || found.kind === 'nothing',
    '~true': truthy,
    '~false': !truthy && found.kind !== 'compound',
  };
  const answer = answers[query.operand];
  if (answer === undefined) return false;
  return query.operator === '=' ? answer : query.operator === '!=' ? !answer : false;
}

function truth(operand: string): number {
  return operand === 'true' ? 1 : operand === 'false' ? 0 : Number.NaN;
}

function compareText(operator: Query['operator'], left: string, right: string): boolean {
  if (operator === '%' || operator === '!%') return matchesLike(left, right) === (operator === '%');
  return compareOrdered(operator, left, right);
}

function matchesLike(text: string, pattern: string): boolean {
  return matchesPattern(decodeUtf8(fromBinary(text)), parsePattern(decodeUtf8(fromBinary(pattern))));
}

function compareOrdered<T extends string | number>(operator: Query['operator'], left: T, right: T): boolean {
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '':
    case '%':
    case '!%':
      break;
  }
  return false;
}
