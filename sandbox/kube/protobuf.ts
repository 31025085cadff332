/**
 * Reads the protobuf bodies that `kubectl create namespace|secret|configmap|serviceaccount|token` and `kubectl auth can-i`
 * send. Answers are always JSON, which those clients accept as well.
 */
import { plainText } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { unsupportedMediaType } from './status.ts';

type FieldType = 'text' | 'int' | 'bool' | 'bytes' | 'time' | Message;

interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly shape?: 'list' | 'map';
}

type Message = ReadonlyMap<number, Field>;

const field = (name: string, type: FieldType = 'text', shape?: 'list' | 'map'): Field =>
  shape === undefined ? { name, type } : { name, type, shape };
const message = (fields: Readonly<Record<number, Field>>): Message =>
  new Map(Object.entries(fields).map(([number, one]) => [Number(number), one]));

const ownerReference = message({
  1: field('kind'),
  3: field('name'),
  4: field('uid'),
  5: field('apiVersion'),
  6: field('controller', 'bool'),
  7: field('blockOwnerDeletion', 'bool'),
});

const metadata = field(
  'metadata',
  message({
    1: field('name'),
    2: field('generateName'),
    3: field('namespace'),
    5: field('uid'),
    6: field('resourceVersion'),
    8: field('creationTimestamp', 'time'),
    11: field('labels', 'text', 'map'),
    12: field('annotations', 'text', 'map'),
    13: field('ownerReferences', ownerReference, 'list'),
    14: field('finalizers', 'text', 'list'),
  }),
);

const boundObject = message({ 1: field('kind'), 2: field('apiVersion'), 3: field('name'), 4: field('uid') });
const resourceAttributes = message({
  1: field('namespace'),
  2: field('verb'),
  3: field('group'),
  4: field('version'),
  5: field('resource'),
  6: field('subresource'),
  7: field('name'),
});

const KINDS: ReadonlyMap<string, Message> = new Map([
  ['v1 Namespace', message({ 1: metadata, 2: field('spec', message({ 1: field('finalizers', 'text', 'list') })) })],
  [
    'v1 Secret',
    message({
      1: metadata,
      2: field('data', 'bytes', 'map'),
      3: field('type'),
      4: field('stringData', 'text', 'map'),
      5: field('immutable', 'bool'),
    }),
  ],
  [
    'v1 ConfigMap',
    message({
      1: metadata,
      2: field('data', 'text', 'map'),
      3: field('binaryData', 'bytes', 'map'),
      4: field('immutable', 'bool'),
    }),
  ],
  [
    'v1 ServiceAccount',
    message({
      1: metadata,
      3: field('imagePullSecrets', message({ 1: field('name') }), 'list'),
      4: field('automountServiceAccountToken', 'bool'),
    }),
  ],
  [
    'authentication.k8s.io/v1 TokenRequest',
    message({
      1: metadata,
      2: field(
        'spec',
        message({
          1: field('audiences', 'text', 'list'),
          3: field('boundObjectRef', boundObject),
          4: field('expirationSeconds', 'int'),
        }),
      ),
    }),
  ],
  [
    'authorization.k8s.io/v1 SelfSubjectAccessReview',
    message({ 1: metadata, 2: field('spec', message({ 1: field('resourceAttributes', resourceAttributes) })) }),
  ],
  [
    'authorization.k8s.io/v1 SelfSubjectRulesReview',
    message({ 1: metadata, 2: field('spec', message({ 1: field('namespace') })) }),
  ],
]);

const ENVELOPE = message({
  1: field('typeMeta', message({ 1: field('apiVersion'), 2: field('kind') })),
  2: field('raw', 'bytes'),
});
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** @throws 415 for a kind that is not read here. */
export function decodeProtobuf(body: Buffer): JsonObject {
  const envelope = body.subarray(0, 4).equals(MAGIC) ? decodeMessage(body.subarray(4), ENVELOPE) : {};
  const { apiVersion = '', kind = '' } = (envelope['typeMeta'] ?? {}) as Record<string, string>;
  const known = KINDS.get(`${apiVersion} ${kind}`);
  if (known === undefined)
    throw unsupportedMediaType(`the sandbox reads no protobuf of kind ${JSON.stringify(kind)}; send application/json`);
  return { apiVersion, kind, ...decodeMessage(Buffer.from(plainText(envelope['raw']), 'base64'), known) };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  chunk(): Buffer {
    const length = this.varint();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }
}

function decodeMessage(bytes: Buffer, type: Message): JsonObject {
  const result = new Map<string, Json>();
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const known = type.get(tag >> 3);
    const wire = tag & 7;
    if (wire === 0) addNumber(result, known, reader.varint());
    else if (wire === 2) addChunk(result, known, reader.chunk());
    else reader.skip(wire === 1 ? 8 : 4);
  }
  return Object.fromEntries(result);
}

function addNumber(result: Map<string, Json>, known: Field | undefined, value: number): void {
  if (known !== undefined) result.set(known.name, known.type === 'bool' ? value !== 0 : value);
}

function addChunk(result: Map<string, Json>, known: Field | undefined, chunk: Buffer): void {
  if (known === undefined) return;
  const { name, type, shape } = known;
  if (shape === 'list') {
    result.set(name, [...((result.get(name) ?? []) as readonly Json[]), valueOf(chunk, type)]);
  } else if (shape === 'map') {
    const { key = '', value = '' } = decodeMessage(
      chunk,
      message({ 1: field('key'), 2: field('value', type) }),
    ) as Record<string, Json>;
    result.set(
      name,
      Object.fromEntries([...Object.entries((result.get(name) ?? {}) as JsonObject), [key as string, value]]),
    );
  } else {
    const value = valueOf(chunk, type);
    if (value !== null && value !== '') result.set(name, value);
  }
}

function valueOf(chunk: Buffer, type: FieldType): Json {
  if (type === 'bytes') return chunk.toString('base64');
  if (type === 'time') return null;
  return typeof type === 'string' ? chunk.toString('utf8') : decodeMessage(chunk, type);
}
