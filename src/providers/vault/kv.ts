/**
 * Reading from the KV secrets engine, version 1 and 2 (`providers.md` 5.5).
 */
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, SecretNotFoundError } from '../errors.ts';
import { encodeJson, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/index.ts';
import type { ReadRef } from '../provider.ts';
import type { VaultAnswer } from './answer.ts';
import { locate, type KvLocation, type KvMount } from './paths.ts';
import { goneVersion, refusal, wrongShape, type Asked } from './refusals.ts';
import type { VaultSession } from './session.ts';

export class KvReader {
  readonly #session: VaultSession;
  readonly mount: KvMount;

  constructor(session: VaultSession, mount: KvMount) {
    this.#session = session;
    this.mount = mount;
  }

  /** The secret's data, or with `metadataPolicy: Fetch` its metadata, as one JSON object. @throws ProviderError */
  read(ref: ReadRef, signal: AbortSignal): Promise<SecretValue> {
    const location = locate(this.mount, ref.key);
    return ref.metadataPolicy === 'Fetch'
      ? this.metadata(location, ref.key, signal).then((texts) => json(texts))
      : this.data(location, ref, signal);
  }

  async data(location: KvLocation, ref: Pick<ReadRef, 'key' | 'version'>, signal: AbortSignal): Promise<SecretValue> {
    const asked: Asked = { kv: this.mount, verb: 'read', path: location.data, key: ref.key, version: ref.version };
    const query = ref.version === undefined || ref.version === '' ? {} : { version: ref.version };
    const answer = await this.#session.send({ call: 'ReadSecretData', method: 'GET', path: asked.path, query }, signal);
    return json(this.mount.version === 'v1' ? dataOfV1(answer, asked) : dataOfV2(answer, asked));
  }

  /**
   * Texts about a secret: `created_time`, `current_version`, `delete_version_after`, overlaid by its custom metadata.
   * @throws InvalidRefError on v1, which has none.
   */
  async metadata(location: KvLocation, key: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    if (this.mount.version === 'v1')
      throw new InvalidRefError('metadata of a secret needs version v2 of the KV secrets engine, the store says v1');
    const asked: Asked = { kv: this.mount, verb: 'read', path: location.metadata, key };
    const answer = await this.#session.send({ call: 'ReadSecretData', method: 'GET', path: asked.path }, signal);
    if (answer.status >= 400) throw refusal(answer, asked);
    if (!isJsonObject(answer.data)) throw wrongShape(asked);
    return metadataTexts(answer.data);
  }

  /** Names directly in a folder; those of sub-folders end with a slash. @throws SecretNotFoundError */
  async list(folder: KvLocation, key: string, signal: AbortSignal): Promise<readonly string[]> {
    const asked: Asked = { kv: this.mount, verb: 'list', path: folder.metadata, key };
    const answer = await this.#session.send({ call: 'ListSecrets', method: 'LIST', path: asked.path }, signal);
    if (answer.status >= 400) throw refusal(answer, asked);
    const keys = isJsonObject(answer.data) ? answer.data.get('keys') : undefined;
    return Array.isArray(keys) ? keys.filter((name) => typeof name === 'string') : [];
  }
}

function dataOfV1(answer: VaultAnswer, asked: Asked): JsonObject {
  if (answer.status >= 400) throw refusal(answer, asked);
  if (!isJsonObject(answer.data)) throw wrongShape(asked);
  return answer.data;
}

function dataOfV2(answer: VaultAnswer, asked: Asked): JsonObject {
  const outer = isJsonObject(answer.data) ? answer.data : undefined;
  // A deleted version comes with status 404, but with its metadata and `data: null`.
  const inner = outer?.get('data');
  if (inner === null && (answer.status === 404 || answer.status < 300)) throw goneVersion(asked, isDestroyed(outer));
  if (answer.status >= 400) throw refusal(answer, asked);
  if (!isJsonObject(inner)) throw wrongShape(asked);
  return inner;
}

function isDestroyed(outer: JsonObject | undefined): boolean {
  const metadata = outer?.get('metadata');
  return isJsonObject(metadata) && metadata.get('destroyed') === true;
}

function metadataTexts(data: JsonObject): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const name of ['created_time', 'current_version', 'delete_version_after']) {
    const value = data.get(name);
    if (typeof value === 'string') texts.set(name, value);
    if (value instanceof JsonNumber) texts.set(name, value.literal);
  }
  const custom = data.get('custom_metadata');
  if (isJsonObject(custom)) for (const [name, value] of custom) if (typeof value === 'string') texts.set(name, value);
  return texts;
}

function json(value: JsonValue): SecretValue {
  return SecretValue.ofText(encodeJson(value, { escapeHtml: true }));
}

export function isNotFound(error: unknown): error is SecretNotFoundError {
  return error instanceof SecretNotFoundError;
}
