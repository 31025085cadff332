/**
 * What a user asked for, taken out of the whole value (`providers.md` 1.6, 1.7 A): for backends whose value is one text
 * that may be JSON.
 */
import { SecretValue } from '../secret-value.ts';
import { PropertyNotFoundError } from './errors.ts';
import { extractRaw, lookup, NotAnObjectError, PathLimitError } from './json/index.ts';
import type { RemoteRef, ValueReader } from './provider.ts';

export const jsonValues: ValueReader = {
  select(raw, ref) {
    if (ref.property === undefined || ref.property === '') return raw;
    const found = property(raw.reveal(), ref.property, ref.key);
    if (found === undefined) throw new PropertyNotFoundError(missing(raw, ref));
    return SecretValue.ofBytes(found);
  },
  entries(raw, ref) {
    const document = jsonValues.select(raw, ref);
    try {
      return new Map([...extractRaw(document.reveal())].map(([name, bytes]) => [name, SecretValue.ofBytes(bytes)]));
    } catch (error) {
      if (!(error instanceof NotAnObjectError)) throw error;
      throw new PropertyNotFoundError(
        `key "${ref.key}": ${error.message}, but a JSON object was expected; for plain text use data without property`,
      );
    }
  },
};

/** A name with dots is first looked for as it is, then as a path. */
function property(document: Uint8Array, path: string, key: string): Uint8Array | undefined {
  try {
    const literal = path.includes('.') ? lookup(document, path.replaceAll('.', '\\.')) : undefined;
    return literal ?? lookup(document, path);
  } catch (error) {
    if (error instanceof PathLimitError) throw new PropertyNotFoundError(`key "${key}": ${error.message}`);
    throw error;
  }
}

function missing(raw: SecretValue, ref: RemoteRef): string {
  const first = raw.revealText().trimStart()[0];
  const hint =
    first === '{' || first === '[' ? '' : ': the value is not a JSON object; for plain text use data without property';
  return `property "${ref.property}" does not exist in key "${ref.key}"${hint}`;
}
