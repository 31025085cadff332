/**
 * `conversionStrategy: ReverseUnicode`: names that a Secret's keys cannot have, written as `_U<code>_`, are turned back before the key is
 * looked up or becomes a remote name (`api.md` 6.2). Pure.
 */
import type { SecretValue } from '../../secret-value.ts';
import { PushProblem } from './problem.ts';

export type Conversion = 'None' | 'ReverseUnicode';
export type Data = ReadonlyMap<string, SecretValue>;

const ESCAPED = /_U([0-9a-fA-F]{4,5})_/g;

export function convertedKey(key: string, conversion: Conversion): string {
  if (conversion === 'None') return key;
  return key.replace(ESCAPED, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

/** Converted key → the key it had, in the order of the data. @throws PushProblem when two keys become one. */
export function convertedKeys(data: Data, conversion: Conversion): ReadonlyMap<string, string> {
  const converted = new Map<string, string>();
  for (const key of data.keys()) {
    const name = convertedKey(key, conversion);
    const before = converted.get(name);
    if (before !== undefined) {
      throw new PushProblem(
        `conversionStrategy ${conversion} turns both "${before}" and "${key}" into "${name}"; rename one of them`,
        { permanent: true },
      );
    }
    converted.set(name, key);
  }
  return converted;
}

export function convertData(data: Data, conversion: Conversion): Data {
  if (conversion === 'None') return data;
  return new Map([...convertedKeys(data, conversion)].map(([name, key]) => [name, data.get(key)!]));
}
