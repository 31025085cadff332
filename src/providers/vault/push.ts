/**
 * Writing the KV secrets engine (`providers.md` 5.7, 5.8). Properties are plain top-level keys. On version 2 every write says
 * which version it was made from (check-and-set), whether the mount asks for that or not; version 1 has no such thing, there
 * our own writers take turns.
 */
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import {
  decodeUtf8,
  isJsonObject,
  JsonSyntaxError,
  parseJson,
  sameJson,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushOutcome } from '../provider.ts';
import { dividedEntries, entryValue, hiddenValues } from '../push-values.ts';
import type { KvWriter, Stored } from './kv-write.ts';

const V1_MARK = 'custom_metadata';

type Removal = Pick<Push, 'remoteKey' | 'entries'>;

export class VaultPush {
  readonly #writer: KvWriter;
  readonly #locks = new KeyLocks();

  constructor(writer: KvWriter) {
    this.#writer = writer;
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    return this.#inTurn(push.remoteKey, signal, () => this.#push(push, signal));
  }

  async remove(removal: Removal, signal: AbortSignal): Promise<void> {
    await this.#inTurn(removal.remoteKey, signal, () => this.#remove(removal, signal));
  }

  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const there = await this.#writer.look(remoteKey, signal);
    if (there.data === undefined) return false;
    if (property === undefined || property === '') return true;
    return (there.data.get(property) ?? null) !== null;
  }

  #inTurn<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#locks.compareAndSet(this.#writer.pathOf(key), signal, work);
  }

  async #push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    const { remoteKey } = push;
    const there = await this.#writer.look(remoteKey, signal);
    if (there.isUsed && !there.isOurs)
      throw new InvalidRefError(
        `key "${remoteKey}": secret not managed by external-secrets: its custom metadata has no managed-by=external-secrets, ` +
          'so somebody else made it; use another remote key, or set that on it to hand it over',
      );
    const wanted = this.#wanted(there, push);
    if (there.data !== undefined && this.#isSame(there.data, wanted)) return 'unchanged';
    const secrets = hiddenValues(push.source);
    // The mark first: a secret without it would look like somebody else's if we were interrupted here.
    if (!there.isOurs) await this.#writer.mark(remoteKey, there, signal);
    await this.#writer.write(remoteKey, there, wanted, { secrets, signal });
    return there.data === undefined ? 'created' : 'updated';
  }

  async #remove(removal: Removal, signal: AbortSignal): Promise<void> {
    const { remoteKey } = removal;
    const there = await this.#writer.look(remoteKey, signal);
    if (!there.isOurs) return;
    const left = remaining(there.data, removal);
    if (left === undefined) return this.#writer.delete(remoteKey, signal);
    if (left.size !== there.data!.size) await this.#writer.write(remoteKey, there, left, { secrets: [], signal });
  }

  #wanted({ data }: Stored, { remoteKey, entries, source }: Push): JsonObject {
    const { whole, properties } = dividedEntries(entries);
    const last = whole.at(-1);
    const start = last === undefined ? (data ?? new Map()) : objectOf(remoteKey, entryValue(source, last));
    const wanted = new Map<string, JsonValue>(start);
    for (const entry of properties) wanted.set(entry.property, decodeUtf8(entryValue(source, entry).reveal()));
    if (this.#writer.version === 'v1' && wanted.has(V1_MARK))
      throw new InvalidRefError(`key "${remoteKey}": "${V1_MARK}" cannot be a key of a secret on KV version 1`);
    return wanted;
  }

  /** Version 2 passes numbers through floating point: comparing all their digits would find a difference for ever. */
  #isSame(there: JsonObject, wanted: JsonObject): boolean {
    return sameJson(there, wanted, { numbers: this.#writer.version === 'v2' ? 'float64' : 'exact' });
  }
}

/** Undefined: nothing is left, so that the secret goes. */
function remaining(data: JsonObject | undefined, { entries }: Removal): JsonObject | undefined {
  const { whole, properties } = dividedEntries(entries);
  if (whole.length > 0 || data === undefined) return undefined;
  const left = new Map(data);
  for (const { property } of properties) left.delete(property);
  return left.size === 0 ? undefined : left;
}

function objectOf(key: string, value: SecretValue): JsonObject {
  const document = parsed(value);
  if (isJsonObject(document)) return document;
  throw new InvalidRefError(
    `key "${key}": what is pushed as a whole must be a JSON object, because Vault holds nothing else; for a plain value set ` +
      'remoteRef.property',
  );
}

function parsed(value: SecretValue): JsonValue | undefined {
  try {
    return parseJson(value.reveal());
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
