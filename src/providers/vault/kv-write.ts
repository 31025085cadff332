/**
 * What is stored at a key, as somebody who wants to change it must know it, and the requests that change it, KV version 1
 * and 2. `managed-by=external-secrets` says that it is ours: in the custom metadata, on version 1 inside the secret.
 */
import type { SecretValue } from '../../secret-value.ts';
import { encodeJson, isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/index.ts';
import { LostRaceError } from '../key-locks.ts';
import { numberMember, type VaultAnswer } from './answer.ts';
import { locate, type KvLocation, type KvMount, type KvVersion } from './paths.ts';
import { refusal, wrongShape, type Asked } from './refusals.ts';
import type { DataRequest, VaultSession } from './session.ts';

export interface Stored {
  /** Without our mark; undefined: there is none, or its latest version is deleted. */
  readonly data: JsonObject | undefined;
  /** The latest version; 0: none was ever written, or the engine has none. */
  readonly version: number;
  readonly customMetadata: JsonObject;
  readonly isOurs: boolean;
  /** Somebody has put something here, even if it is deleted by now. */
  readonly isUsed: boolean;
}

const MARK = 'managed-by';
const OWNER = 'external-secrets';
const V1_MARK = 'custom_metadata';
const MOST_LOOKS = 3;

interface Sending {
  readonly secrets: readonly SecretValue[];
  readonly signal: AbortSignal;
}

interface Refused {
  readonly answer: VaultAnswer;
  readonly path: string;
}

export class KvWriter {
  readonly #session: VaultSession;
  readonly #mount: KvMount;

  constructor(session: VaultSession, mount: KvMount) {
    this.#session = session;
    this.#mount = mount;
  }

  get version(): KvVersion {
    return this.#mount.version;
  }

  /** The same for every way to write a key. @throws InvalidRefError */
  pathOf(key: string): string {
    return locate(this.#mount, key).data;
  }

  /**
   * One read; for what has no data one more, because its metadata may be there. When they tell of a version, it was made between the two
   * reads: what it holds must be known before it is changed, so both are read again.
   * @throws LostRaceError when that happens again and again; ProviderError
   */
  async look(key: string, signal: AbortSignal): Promise<Stored> {
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const stored = await this.#lookOnce(key, signal);
      if (stored !== undefined) return stored;
    }
    throw writtenAtTheSameTime(key);
  }

  /** Undefined: a version was made meanwhile. */
  async #lookOnce(key: string, signal: AbortSignal): Promise<Stored | undefined> {
    const location = locate(this.#mount, key);
    const asked = this.#asked('read', location.data, key);
    const answer = await this.#send({ call: 'ReadSecretData', method: 'GET', path: asked.path }, signal);
    const outer = isJsonObject(answer.data) ? answer.data : undefined;
    if (this.version === 'v1') return storedV1(answer, asked, outer);
    const metadata = objectMember(outer, 'metadata');
    // A deleted version comes with status 404, but with its metadata.
    if (outer !== undefined && metadata !== undefined && (answer.status < 300 || answer.status === 404))
      return storedV2(asked, outer.get('data') ?? null, metadata, numberMember(metadata, 'version'));
    if (!isNothing(answer)) throw answer.status >= 400 ? refusal(answer, asked) : wrongShape(asked);
    const stored = await this.#lookAtMetadata(location, key, signal);
    // A deleted version is told by the first read. That one said that there was none.
    return stored.version > 0 ? undefined : stored;
  }

  /** Says that the secret is ours. What else stands in the custom metadata stays. On version 1 the data carry the mark. */
  async mark(key: string, { customMetadata }: Stored, signal: AbortSignal): Promise<void> {
    if (this.version === 'v1') return;
    const { metadata } = locate(this.#mount, key);
    const body = new Map([['custom_metadata', new Map([...customMetadata, [MARK, OWNER]])]]);
    await this.#write(key, metadata, 'create', body, { secrets: [], signal });
  }

  /** @throws LostRaceError when it is not what `there` was made from any more */
  async write(key: string, there: Stored, data: JsonObject, sending: Sending): Promise<void> {
    const location = locate(this.#mount, key);
    const verb = there.version === 0 && there.data === undefined ? 'create' : 'update';
    if (this.version === 'v1') {
      const marked = new Map<string, JsonValue>([...data, [V1_MARK, new Map([[MARK, OWNER]])]]);
      await this.#write(key, location.data, verb, marked, sending);
      return;
    }
    const options = new Map([['cas', new JsonNumber(String(there.version))]]);
    const body = new Map<string, JsonValue>([
      ['data', data],
      ['options', options],
    ]);
    const answer = await this.#write(key, location.data, verb, body, sending);
    // Version 2 tells the number of the new version. Version 1 takes anything: what it took is of no use to anybody.
    if (isJsonObject(answer.data)) return;
    await this.#delete(location, sending.signal);
    throw wrongShape(this.#asked(verb, location.data, key));
  }

  /** With all its versions. */
  async delete(key: string, signal: AbortSignal): Promise<void> {
    const refused = await this.#delete(locate(this.#mount, key), signal);
    if (refused !== undefined) throw refusal(refused.answer, this.#asked('delete', refused.path, key));
  }

  /** The first refusal, if there is one. */
  async #delete({ data, metadata }: KvLocation, signal: AbortSignal): Promise<Refused | undefined> {
    for (const path of new Set([data, metadata])) {
      const answer = await this.#send({ call: 'DeleteSecret', method: 'DELETE', path }, signal);
      if (answer.status >= 400 && !isNothing(answer)) return { answer, path };
    }
    return undefined;
  }

  async #lookAtMetadata({ metadata }: KvLocation, key: string, signal: AbortSignal): Promise<Stored> {
    const asked = this.#asked('read', metadata, key);
    const answer = await this.#send({ call: 'ReadSecretData', method: 'GET', path: metadata }, signal);
    if (isNothing(answer)) return storedV2(asked, null, new Map(), 0);
    if (answer.status >= 400) throw refusal(answer, asked);
    if (!isJsonObject(answer.data)) throw wrongShape(asked);
    return storedV2(asked, null, answer.data, numberMember(answer.data, 'current_version'));
  }

  async #write(
    key: string,
    path: string,
    verb: Asked['verb'],
    body: JsonObject,
    { secrets, signal }: Sending,
  ): Promise<VaultAnswer> {
    const request: DataRequest = {
      call: 'WriteSecretData',
      method: 'PUT',
      path,
      body: encodeJson(body, { escapeHtml: false }),
      secrets,
    };
    const answer = await this.#send(request, signal);
    if (answer.status < 400) return answer;
    if (isCasMismatch(answer)) throw writtenAtTheSameTime(key);
    throw refusal(answer, this.#asked(verb, path, key));
  }

  #send(request: DataRequest, signal: AbortSignal): Promise<VaultAnswer> {
    return this.#session.send(request, signal);
  }

  #asked(verb: Asked['verb'], path: string, key: string): Asked {
    return { kv: this.#mount, verb, path, key };
  }
}

function writtenAtTheSameTime(key: string): LostRaceError {
  return new LostRaceError(`key "${key}": somebody else writes it at the same time`, { code: '400' });
}

function storedV1(answer: VaultAnswer, asked: Asked, found: JsonObject | undefined): Stored {
  if (isNothing(answer))
    return { data: undefined, version: 0, customMetadata: new Map(), isOurs: false, isUsed: false };
  if (answer.status >= 400) throw refusal(answer, asked);
  if (found === undefined) throw wrongShape(asked);
  const customMetadata = objectMember(found, V1_MARK) ?? new Map();
  const data = new Map([...found].filter(([name]) => name !== V1_MARK));
  return { data, version: 0, customMetadata, isOurs: customMetadata.get(MARK) === OWNER, isUsed: true };
}

function storedV2(asked: Asked, data: JsonValue, metadata: JsonObject, version: number): Stored {
  if (data !== null && !isJsonObject(data)) throw wrongShape(asked);
  const customMetadata = objectMember(metadata, 'custom_metadata') ?? new Map();
  const isOurs = customMetadata.get(MARK) === OWNER;
  return { data: data ?? undefined, version, customMetadata, isOurs, isUsed: version > 0 };
}

/** By Vault's own words, before anything in them is hidden. */
function isCasMismatch({ status, envelope }: VaultAnswer): boolean {
  const errors = envelope.get('errors');
  if (status !== 400 || !isJsonArray(errors)) return false;
  return errors.some((error) => typeof error === 'string' && error.includes('check-and-set parameter did not match'));
}

/** Only an empty 404 says that there is nothing at a path. */
function isNothing({ status, hasErrors, warnings }: VaultAnswer): boolean {
  return status === 404 && !hasErrors && warnings.length === 0;
}

function objectMember(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.get(name);
  return isJsonObject(value) ? value : undefined;
}
