/**
 * What a push wants to see at a remote key, for backends whose value is one text that may be JSON: whole values, and
 * properties set into what is there. Pure.
 */
import { SecretValue } from '../secret-value.ts';
import { InvalidRefError, PropertyNotFoundError } from './errors.ts';
import {
  decodeUtf8,
  encodeBytesMap,
  lookup,
  PathLimitError,
  PropertyPathError,
  removeProperty,
  setProperty,
} from './json/index.ts';
import { jsonValues } from './json-values.ts';
import type { Push, PushEntry, PushSource } from './provider.ts';

/** The key's bytes, or all keys as one JSON object of texts. @throws InvalidRefError when there is no such key */
export function entryValue(source: PushSource, { secretKey }: Pick<PushEntry, 'secretKey'>): SecretValue {
  if (isBlank(secretKey)) return SecretValue.ofText(encodeBytesMap(dataBytes(source)));
  const value = source.data.get(secretKey);
  if (value === undefined) throw new InvalidRefError(`the Secret has no key "${secretKey}"`);
  return value;
}

export function dataBytes({ data }: PushSource): ReadonlyMap<string, Uint8Array> {
  return new Map([...data].map(([key, value]) => [key, value.reveal()]));
}

/** Shorter ones are parts of many words: to hide them would spoil every message and hide nothing. */
const SHORTEST_HIDDEN = 4;

/** The values that must not come back in a message, if a backend repeats what it was sent. */
export function hiddenValues({ data }: PushSource): readonly SecretValue[] {
  return [...data.values()].filter(({ size }) => size >= SHORTEST_HIDDEN);
}

/** Entries for the whole value, and entries for properties of it. An empty property is none. */
export function dividedEntries<Entry extends Pick<PushEntry, 'property'>>(
  entries: readonly Entry[],
): { readonly whole: readonly Entry[]; readonly properties: readonly (Entry & { readonly property: string })[] } {
  const hasProperty = (entry: Entry): entry is Entry & { readonly property: string } => !isBlank(entry.property);
  return { whole: entries.filter((entry) => !hasProperty(entry)), properties: entries.filter(hasProperty) };
}

/**
 * The value after the push: the last entry for the whole value, or else what is there, with all properties set in it.
 * @throws InvalidRefError when a property cannot be set in what is there
 */
export function pushedValue(
  current: SecretValue | undefined,
  { remoteKey, entries, source }: Pick<Push, 'remoteKey' | 'entries' | 'source'>,
  valueOf: (source: PushSource, entry: PushEntry) => SecretValue = entryValue,
): SecretValue {
  const { whole, properties } = dividedEntries(entries);
  const last = whole.at(-1);
  const start = last === undefined ? current : valueOf(source, last);
  return properties.reduce<SecretValue>(
    (value, entry) => withProperty(value, remoteKey, entry.property, valueOf(source, entry)),
    start ?? SecretValue.ofText(''),
  );
}

/** What is left after the removal; undefined: nothing, so that the whole goes. Equal bytes: nothing was there to remove. */
export function remainingValue(current: SecretValue, { entries }: Pick<Push, 'entries'>): SecretValue | undefined {
  const { whole, properties } = dividedEntries(entries);
  if (whole.length > 0) return undefined;
  return properties.reduce<SecretValue | undefined>(
    (value, { property }) => (value === undefined ? undefined : withoutProperty(value, property)),
    current,
  );
}

/** Would a read of that property find something? */
export function hasProperty(value: SecretValue, key: string, property: string | undefined): boolean {
  try {
    jsonValues.select(value, { key, property });
    return true;
  } catch (error) {
    if (error instanceof PropertyNotFoundError) return false;
    throw error;
  }
}

function withProperty(value: SecretValue, key: string, property: string, text: SecretValue): SecretValue {
  const document = value.reveal();
  try {
    return SecretValue.ofBytes(setProperty(document, placeOf(document, property), decodeUtf8(text.reveal())));
  } catch (error) {
    if (!isPathError(error)) throw error;
    throw new InvalidRefError(`key "${key}": property "${property}" cannot be written: ${error.message}`);
  }
}

/** What cannot be a place cannot have been pushed to. */
function withoutProperty(value: SecretValue, property: string): SecretValue | undefined {
  const document = value.reveal();
  try {
    const left = removeProperty(document, placeOf(document, property));
    return left === undefined ? undefined : SecretValue.ofBytes(left);
  } catch (error) {
    if (isPathError(error)) return value;
    throw error;
  }
}

/** A read looks for a name with dots as it is before it takes it for a path: there it must be written, too. */
function placeOf(document: Uint8Array, property: string): string {
  const literal = property.replaceAll('.', '\\.');
  return property.includes('.') && lookup(document, literal) !== undefined ? literal : property;
}

function isPathError(error: unknown): error is PropertyPathError | PathLimitError {
  return error instanceof PropertyPathError || error instanceof PathLimitError;
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text === '';
}
