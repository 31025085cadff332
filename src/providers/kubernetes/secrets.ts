/**
 * Reading Secrets of one namespace: one by name, or all that fit a search. A raw value is a JSON object: the Secret's
 * `data` as the API server sends it (base64, so every byte survives), or its labels and annotations.
 */
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import {
  encodeBytesMap,
  encodeJson,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts';
import { isTooLarge } from '../exchange.ts';
import { namePattern } from '../name-pattern.ts';
import type { FindQuery, ReadRef } from '../provider.ts';
import type { KubernetesClient } from './client.ts';
import { ListExpiredError } from './refusals.ts';
import { dataBytes } from './values.ts';

/** Secrets in one page of a list. */
const PAGE_SIZE = 200;
/** So few that a page fits into the largest answer that is accepted, even if every Secret is as large as can be. */
const SMALL_PAGE_SIZE = 20;
/** Lists that outlive their version begin anew, but not for ever. */
const MOST_STARTS = 3;

const SECRET_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export class RemoteSecrets {
  readonly #client: KubernetesClient;
  readonly #namespace: string;

  constructor(client: KubernetesClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** @throws SecretNotFoundError, InvalidRefError for a key that names no Secret, and what the client throws. */
  async read(ref: ReadRef, signal: AbortSignal): Promise<SecretValue> {
    const secret = await this.#client.send(
      {
        call: 'GetSecret',
        asked: { verb: 'get', resource: 'secrets', namespace: this.#namespace, name: ref.key },
        path: [...this.#path(), secretName(ref.key)],
      },
      signal,
    );
    const raw = ref.metadataPolicy === 'Fetch' ? metadataOf(secret) : (objectMember(secret, 'data') ?? new Map());
    return SecretValue.ofText(encodeJson(raw, { escapeHtml: false }));
  }

  /**
   * By labels when the query has tags, else by name. The values are all data of a Secret as one JSON object of texts;
   * `path` has no meaning here.
   */
  async find(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, SecretValue>> {
    const labels = Object.entries(query.tags ?? {});
    const isWanted = labels.length > 0 ? () => true : namePattern(query.nameRegexp);
    const labelSelector = labels.map(([name, value]) => `${name}=${value}`).join(',');
    const found = new Map<string, SecretValue>();
    for (const secret of await this.#list(labelSelector, signal)) {
      const name = objectMember(secret, 'metadata')?.get('name');
      if (typeof name === 'string' && isWanted(name)) found.set(name, wholeValue(secret));
    }
    return found;
  }

  async #list(labelSelector: string, signal: AbortSignal): Promise<readonly JsonObject[]> {
    let pageSize = PAGE_SIZE;
    for (let start = 1; ; start++) {
      try {
        return await this.#pages(labelSelector, pageSize, signal);
      } catch (error) {
        const isOnceMore = start < MOST_STARTS && (error instanceof ListExpiredError || isTooLarge(error));
        if (!isOnceMore) throw error;
        if (isTooLarge(error)) pageSize = SMALL_PAGE_SIZE;
      }
    }
  }

  async #pages(labelSelector: string, pageSize: number, signal: AbortSignal): Promise<readonly JsonObject[]> {
    const items: JsonObject[] = [];
    const fixed = { limit: String(pageSize), ...(labelSelector === '' ? {} : { labelSelector }) };
    let next = '';
    do {
      const page = await this.#client.send(
        {
          call: 'ListSecrets',
          asked: { verb: 'list', resource: 'secrets', namespace: this.#namespace },
          path: this.#path(),
          query: next === '' ? fixed : { ...fixed, continue: next },
        },
        signal,
      );
      const list = page.get('items');
      if (isJsonArray(list)) items.push(...list.filter(isJsonObject));
      const more = objectMember(page, 'metadata')?.get('continue');
      next = typeof more === 'string' ? more : '';
    } while (next !== '');
    return items;
  }

  #path(): readonly string[] {
    return ['api', 'v1', 'namespaces', this.#namespace, 'secrets'];
  }
}

/** A key becomes one segment of a path: only what can be the name of a Secret may (D79). */
export function secretName(key: string): string {
  if (key.length <= 253 && SECRET_NAME.test(key)) return key;
  throw new InvalidRefError(`the key ${JSON.stringify(key)} cannot be the name of a Secret`);
}

function metadataOf(secret: JsonObject): JsonObject {
  const metadata = objectMember(secret, 'metadata');
  const part = (name: string): JsonValue =>
    (metadata === undefined ? undefined : objectMember(metadata, name)) ?? new Map();
  return new Map([
    ['annotations', part('annotations')],
    ['labels', part('labels')],
  ]);
}

function wholeValue(secret: JsonObject): SecretValue {
  return SecretValue.ofText(encodeBytesMap(dataBytes(objectMember(secret, 'data') ?? new Map())));
}

function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = object.get(name);
  return isJsonObject(value) ? value : undefined;
}
