/**
 * Writing Secrets of a cluster (`providers.md` 6.1, D32). Every update and deletion says which version it was made from, so
 * that nobody's write is lost. There is no mark of ownership, as with the peer; what a controller owns is left alone.
 */
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, SecretNotFoundError } from '../errors.ts';
import { encodeJson, isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushEntry, PushOutcome, PushSource } from '../provider.ts';
import { dividedEntries, entryValue, hiddenValues } from '../push-values.ts';
import type { ApiRequest, KubernetesClient } from './client.ts';
import { namespaceOf, pushedMarks, type Marks, type Texts } from './push-metadata.ts';
import { secretName } from './secrets.ts';

const FIELD_MANAGER = 'external-secrets-push';
/** Tokens that a cluster trusts are not to be made by whoever may write a PushSecret. */
const REFUSED_TYPES: ReadonlySet<string> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
]);

type Removal = Pick<Push, 'remoteKey' | 'entries'>;
type Data = Readonly<Record<string, string>>;

export class KubernetesPush {
  readonly #client: KubernetesClient;
  readonly #namespace: string;
  readonly #isClusterStore: boolean;
  readonly #locks = new KeyLocks();

  /** `namespace`: the store's `remoteNamespace`. */
  constructor(client: KubernetesClient, namespace: string, isClusterStore: boolean) {
    this.#client = client;
    this.#namespace = namespace;
    this.#isClusterStore = isClusterStore;
  }

  /** Entries for several namespaces are several Secrets. */
  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    refuseType(push.source.type);
    const outcomes: PushOutcome[] = [];
    for (const [namespace, entries] of this.#byNamespace(push.entries))
      outcomes.push(
        await this.#inTurn(new RemoteSecret(this.#client, namespace, push.remoteKey, signal), (remote) =>
          pushTo(remote, { ...push, entries }),
        ),
      );
    return (['created', 'updated'] as const).find((outcome) => outcomes.includes(outcome)) ?? 'unchanged';
  }

  async remove({ remoteKey, entries }: Removal, signal: AbortSignal): Promise<void> {
    for (const [namespace, own] of this.#byNamespace(entries))
      await this.#inTurn(new RemoteSecret(this.#client, namespace, remoteKey, signal), (remote) =>
        removeFrom(remote, own),
      );
  }

  /** In the namespace that `entry` names, else the store's own. */
  async exists(
    remoteKey: string,
    property: string | undefined,
    signal: AbortSignal,
    entry: Pick<PushEntry, 'metadata'> = { metadata: undefined },
  ): Promise<boolean> {
    const namespace = namespaceOf(entry, this.#namespace, this.#isClusterStore);
    const there = await new RemoteSecret(this.#client, namespace, remoteKey, signal).get();
    if (there === undefined) return false;
    return property === undefined || property === '' || Object.hasOwn(dataOf(there), property);
  }

  #byNamespace<Entry extends Pick<PushEntry, 'metadata'>>(entries: readonly Entry[]): Map<string, Entry[]> {
    return Map.groupBy(entries, (entry) => namespaceOf(entry, this.#namespace, this.#isClusterStore));
  }

  #inTurn<T>(remote: RemoteSecret, work: (remote: RemoteSecret) => Promise<T>): Promise<T> {
    return this.#locks.compareAndSet(remote.path.join('/'), remote.signal, () => work(remote));
  }
}

async function pushTo(remote: RemoteSecret, push: Push): Promise<PushOutcome> {
  const there = await remote.get();
  if (there === undefined) {
    const data = pushedData({}, push);
    const marks = pushedMarks(push.entries, push.source, undefined);
    await remote.create(secretObject(new Map(), { data, marks }), push.source);
    return 'created';
  }
  refuseOwned(remote.name, there);
  if (push.keepsForeign === true) refuseForeign(remote.name, there);
  refuseType(textOf(there, 'type'));
  refuseOtherType(remote.name, there, push);
  const [data, marks] = [dataOf(there), marksOf(there)];
  const wanted = { data: pushedData(data, push), marks: pushedMarks(push.entries, push.source, marks) };
  if (
    sameTexts(data, wanted.data) &&
    sameTexts(marks.labels, wanted.marks.labels) &&
    sameTexts(marks.annotations, wanted.marks.annotations)
  )
    return 'unchanged';
  await remote.update(secretObject(there, wanted), hiddenValues(push.source));
  return 'updated';
}

async function removeFrom(remote: RemoteSecret, entries: readonly Pick<PushEntry, 'property'>[]): Promise<void> {
  const there = await remote.get();
  if (there === undefined || ownerOf(there) !== undefined || REFUSED_TYPES.has(textOf(there, 'type'))) return;
  const { whole, properties } = dividedEntries(entries);
  const data = dataOf(there);
  const left = Object.fromEntries(
    Object.entries(data).filter(([name]) => !properties.some(({ property }) => property === name)),
  );
  if (whole.length > 0 || Object.keys(left).length === 0) return remote.delete(there);
  if (!sameTexts(data, left)) await remote.update(secretObject(there, { data: left, marks: marksOf(there) }), []);
}

/** One Secret at the API server. */
class RemoteSecret {
  readonly name: string;
  readonly path: readonly string[];
  readonly signal: AbortSignal;
  readonly #client: KubernetesClient;
  readonly #namespace: string;

  /** @throws InvalidRefError when the key cannot be the name of a Secret */
  constructor(client: KubernetesClient, namespace: string, key: string, signal: AbortSignal) {
    this.#client = client;
    this.#namespace = namespace;
    this.signal = signal;
    this.name = secretName(key);
    this.path = ['api', 'v1', 'namespaces', namespace, 'secrets', this.name];
  }

  async get(): Promise<JsonObject | undefined> {
    try {
      return await this.#client.send({ call: 'GetSecret', asked: this.#asked('get'), path: this.path }, this.signal);
    } catch (error) {
      if (error instanceof SecretNotFoundError) return undefined;
      throw error;
    }
  }

  async create(object: JsonObject, source: PushSource): Promise<void> {
    const metadata = new Map<string, JsonValue>([
      ...memberOf(object, 'metadata'),
      ['name', this.name],
      ['namespace', this.#namespace],
    ]);
    const body = new Map<string, JsonValue>([
      ...object,
      ['apiVersion', 'v1'],
      ['kind', 'Secret'],
      ['type', typeOf(source)],
      ['metadata', metadata],
    ]);
    const path = this.path.slice(0, -1);
    await this.#send({ method: 'POST', call: 'CreateSecret', path, secrets: hiddenValues(source) }, body);
  }

  /** `object` carries the version it was made from. @throws LostRaceError when it is another one by now */
  async update(object: JsonObject, secrets: readonly SecretValue[]): Promise<void> {
    await this.#send({ method: 'PUT', call: 'UpdateSecret', path: this.path, secrets }, object);
  }

  async delete(there: JsonObject): Promise<void> {
    const metadata = memberOf(there, 'metadata');
    const preconditions = new Map(['uid', 'resourceVersion'].map((name) => [name, metadata.get(name) ?? null]));
    try {
      const body = new Map([['preconditions', preconditions]]);
      await this.#send({ method: 'DELETE', call: 'DeleteSecret', path: this.path }, body);
    } catch (error) {
      if (!(error instanceof SecretNotFoundError)) throw error;
    }
  }

  async #send(request: Write, body: JsonObject): Promise<void> {
    const query = request.method === 'DELETE' ? {} : { fieldManager: FIELD_MANAGER };
    const asked = this.#asked(VERBS[request.method]);
    const text = encodeJson(body, { escapeHtml: false });
    await this.#client.send({ ...request, asked, query, body: text }, this.signal);
  }

  #asked(verb: 'get' | 'create' | 'update' | 'delete') {
    return { verb, resource: 'secrets', namespace: this.#namespace, name: this.name } as const;
  }
}

interface Write extends Pick<ApiRequest, 'call' | 'path' | 'secrets'> {
  readonly method: keyof typeof VERBS;
}

const VERBS = { POST: 'create', PUT: 'update', DELETE: 'delete' } as const;

/** The data after the push, base64. A whole push replaces what is there. */
function pushedData(there: Data, { remoteKey, entries, source }: Push): Data {
  const { whole, properties } = dividedEntries(entries);
  const named = whole.find(({ secretKey }) => secretKey !== undefined && secretKey !== '');
  if (named !== undefined)
    throw new InvalidRefError(
      `key "${remoteKey}": secretKey "${named.secretKey}" needs remoteRef.property, the key of the remote Secret to write it to`,
    );
  const start = whole.length > 0 ? base64(source) : there;
  const set = properties.map((entry) => [entry.property, propertyText(source, entry)] as const);
  return { ...start, ...Object.fromEntries(set) };
}

function propertyText(source: PushSource, entry: PushEntry): string {
  return Buffer.from(entryValue(source, entry).reveal()).toString('base64');
}

function base64({ data }: PushSource): Data {
  return Object.fromEntries([...data].map(([key, value]) => [key, Buffer.from(value.reveal()).toString('base64')]));
}

/** `there` with new data, labels and annotations; everything else stays as it was. */
function secretObject(there: JsonObject, { data, marks }: { readonly data: Data; readonly marks: Marks }): JsonObject {
  const metadata = new Map<string, JsonValue>(memberOf(there, 'metadata'));
  metadata.delete('managedFields');
  metadata.set('labels', new Map(Object.entries(marks.labels)));
  metadata.set('annotations', new Map(Object.entries(marks.annotations)));
  return new Map<string, JsonValue>([...there, ['metadata', metadata], ['data', new Map(Object.entries(data))]]);
}

function typeOf({ type }: PushSource): string {
  return type === '' ? 'Opaque' : type;
}

function refuseType(type: string): void {
  if (REFUSED_TYPES.has(type))
    throw new InvalidRefError(`Secrets of type ${type} are not pushed: they hold tokens that a cluster trusts`);
}

/** The type of a Secret cannot be changed. A push of single keys goes into a Secret of any type. */
function refuseOtherType(name: string, there: JsonObject, { entries, source }: Push): void {
  const [current, wanted] = [textOf(there, 'type') || 'Opaque', typeOf(source)];
  if (current === wanted || dividedEntries(entries).whole.length === 0) return;
  throw new InvalidRefError(
    `Secret "${name}" is there with type ${current}, the source has type ${wanted}, and a type cannot be changed: delete the ` +
      'remote Secret, or use another remote key',
  );
}

function refuseOwned(name: string, there: JsonObject): void {
  const owner = ownerOf(there);
  if (owner === undefined) return;
  throw new InvalidRefError(
    `Secret "${name}" is not overwritten: ${textOf(owner, 'kind')} "${textOf(owner, 'name')}" controls it; use another remote key`,
  );
}

/** `updatePolicy: IfNotExists`: not even a missing key is put into a Secret that we had no part in (D32). */
function refuseForeign(name: string, there: JsonObject): void {
  const managers = memberOf(there, 'metadata').get('managedFields');
  const isOurs = (entry: JsonValue): boolean => isJsonObject(entry) && entry.get('manager') === FIELD_MANAGER;
  // An API server that keeps no such record leaves the question open.
  if (!isJsonArray(managers) || managers.some(isOurs)) return;
  throw new InvalidRefError(
    `Secret "${name}" is not changed: it was not pushed by this operator and updatePolicy is IfNotExists; use another remote key, ` +
      'or updatePolicy Replace to write into it',
  );
}

function ownerOf(there: JsonObject): JsonObject | undefined {
  const owners = memberOf(there, 'metadata').get('ownerReferences');
  if (!isJsonArray(owners)) return undefined;
  return owners.filter(isJsonObject).find((owner) => owner.get('controller') === true);
}

function dataOf(secret: JsonObject): Data {
  return textsOf(memberOf(secret, 'data'));
}

function marksOf(secret: JsonObject): Marks {
  const metadata = memberOf(secret, 'metadata');
  return { labels: textsOf(memberOf(metadata, 'labels')), annotations: textsOf(memberOf(metadata, 'annotations')) };
}

function textsOf(object: JsonObject): Texts {
  return Object.fromEntries([...object].filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function memberOf(object: JsonObject, name: string): JsonObject {
  const value = object.get(name);
  return isJsonObject(value) ? value : new Map();
}

function textOf(object: JsonObject, name: string): string {
  const value = object.get(name);
  return typeof value === 'string' ? value : '';
}

function sameTexts(left: Texts, right: Texts): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
