/**
 * Do two JSON values say the same? The order of members does not matter, how a number is written does not either.
 */
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from './value.ts';

export interface SameOptions {
  /** `exact` (default): integers are compared by all their digits. `float64`: as a backend sees them that rounds. */
  readonly numbers?: 'exact' | 'float64';
}

export function sameJson(left: JsonValue, right: JsonValue, options: SameOptions = {}): boolean {
  if (left instanceof JsonNumber) return right instanceof JsonNumber && sameNumber(left, right, options);
  if (isJsonArray(left)) {
    if (!isJsonArray(right) || left.length !== right.length) return false;
    return left.every((item, at) => sameJson(item, right[at]!, options));
  }
  if (isJsonObject(left)) {
    if (!isJsonObject(right) || left.size !== right.size) return false;
    return [...left].every(([name, member]) => {
      const other = right.get(name);
      return other !== undefined && sameJson(member, other, options);
    });
  }
  return left === right;
}

function sameNumber(left: JsonNumber, right: JsonNumber, { numbers = 'exact' }: SameOptions): boolean {
  if (left.literal === right.literal) return true;
  if (numbers === 'exact' && left.isInteger && right.isInteger) return false;
  return left.toNumber() === right.toNumber();
}
