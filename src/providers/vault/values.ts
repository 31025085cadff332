/**
 * Values out of a secret's data: `providers.md` 5.5 and 1.7 B. The raw value is the data object as JSON of encoder E2.
 */
import { SecretValue } from '../../secret-value.ts';
import { PropertyNotFoundError } from '../errors.ts';
import {
  extractTyped,
  isJsonObject,
  lookup,
  NotAnObjectError,
  parseJson,
  PathLimitError,
  valueBytes,
} from '../json/index.ts';
import type { RemoteRef, ValueReader } from '../provider.ts';

export const vaultValues: ValueReader = {
  select(raw: SecretValue, ref: RemoteRef): SecretValue {
    const { property } = ref;
    if (property === undefined || property === '') return raw;
    const data = parseJson(raw.reveal());
    // A top-level key wins over a path, so that keys with dots need no escaping.
    const member = isJsonObject(data) ? data.get(property) : undefined;
    const found = member === undefined ? byPath(raw, ref.key, property) : valueBytes(member, 'verbatim');
    if (found === undefined)
      throw new PropertyNotFoundError(`property "${property}" does not exist in the Vault secret "${ref.key}"`);
    return SecretValue.ofBytes(found);
  },

  entries(raw: SecretValue, ref: RemoteRef): ReadonlyMap<string, SecretValue> {
    const document = vaultValues.select(raw, ref);
    try {
      return new Map([...extractTyped(document.reveal())].map(([name, bytes]) => [name, SecretValue.ofBytes(bytes)]));
    } catch (error) {
      if (!(error instanceof NotAnObjectError)) throw error;
      const what =
        ref.property === undefined
          ? `the Vault secret "${ref.key}"`
          : `property "${ref.property}" of the Vault secret "${ref.key}"`;
      throw new PropertyNotFoundError(`${what} is not a JSON object: use data instead of dataFrom.extract`);
    }
  },
};

function byPath(raw: SecretValue, key: string, property: string): Uint8Array | undefined {
  try {
    return lookup(raw.reveal(), property);
  } catch (error) {
    if (!(error instanceof PathLimitError)) throw error;
    throw new PropertyNotFoundError(`property "${property}" of the Vault secret "${key}": ${error.message}`);
  }
}
