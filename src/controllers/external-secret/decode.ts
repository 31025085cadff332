/**
 * What happens to a fetched value before it is used: decoding and the check for NUL bytes (`behaviour.md` 1.6). Pure. Errors
 * name the key, never the value.
 */
import { SecretValue } from '../../secret-value.ts';
import { sortedKeys, type Entries } from './keys.ts';

export type DecodingStrategy = 'Auto' | 'Base64' | 'Base64URL' | 'None';
export type NullBytePolicy = 'Ignore' | 'Fail';

/** @throws Error naming `key` when a strategy that was asked for by name does not fit the value. */
export function decode(key: string, value: SecretValue, strategy: DecodingStrategy): SecretValue {
  switch (strategy) {
    case 'None':
      return value;
    case 'Base64':
      return decodeBase64(value, STANDARD) ?? refuse(key, strategy);
    case 'Base64URL':
      return decodeBase64(value, URL_SAFE) ?? refuse(key, strategy);
    case 'Auto':
      return decodeBase64(value, STANDARD) ?? decodeBase64(value, URL_SAFE) ?? value;
  }
}

export function decodeAll(entries: Entries, strategy: DecodingStrategy): Entries {
  if (strategy === 'None') return entries;
  return new Map([...entries].map(([key, value]) => [key, decode(key, value, strategy)]));
}

/** @throws Error naming the first key (in byte order) whose value holds a NUL byte, when the policy says Fail. */
export function checkNullBytes(entries: Entries, policy: NullBytePolicy): void {
  if (policy !== 'Fail') return;
  const bad = sortedKeys(entries).find((key) => entries.get(key)!.reveal().includes(0));
  if (bad !== undefined) {
    throw new Error(`the value of "${bad}" holds a NUL byte and nullBytePolicy is Fail`);
  }
}

const STANDARD = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const URL_SAFE = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/;

/** Padded Base64 with line breaks tolerated, as Go's decoder takes it; undefined when it is not that. */
function decodeBase64(value: SecretValue, alphabet: RegExp): SecretValue | undefined {
  const text = Buffer.from(value.reveal())
    .toString('latin1')
    .replace(/[\r\n]/g, '');
  if (!alphabet.test(text)) return undefined;
  return SecretValue.ofBytes(Buffer.from(text, alphabet === STANDARD ? 'base64' : 'base64url'));
}

function refuse(key: string, strategy: DecodingStrategy): never {
  throw new Error(
    `the value of "${key}" is not valid ${strategy} (padded); check it at the backend or use decodingStrategy Auto or None`,
  );
}
