/**
 * The fake provider's sessions: what stands in the SecretStore is the backend (`providers.md` 6.2), and beside it what was
 * pushed.
 */
import { SecretValue } from '../../secret-value.ts';
import {
  InvalidProviderConfigError,
  InvalidRefError,
  PropertyNotFoundError,
  SecretNotFoundError,
  ValidityUnknownError,
} from '../errors.ts';
import { namePattern } from '../name-pattern.ts';
import { extractRaw, lookup, NotAnObjectError } from '../json/index.ts';
import type {
  FindQuery,
  ProviderModule,
  Push,
  PushOutcome,
  ReadOutcome,
  ReadRef,
  SecretsClient,
  Validity,
  ValueReader,
} from '../provider.ts';
import { hasProperty } from '../push-values.ts';
import { FakePush, memoryOf } from './pushed.ts';
import type { FakeSpec } from './spec.ts';

/** Like a backend with a batch call, so that what is tried on it behaves as in production. */
const BATCH_SIZE = 20;

export const fakeModule: ProviderModule<FakeSpec> = {
  open: async ({ spec, store }) => new FakeClient(spec, memoryOf(store)),
  values: {
    select(raw, ref) {
      if (ref.property === undefined || ref.property === '') return raw;
      const found = lookup(raw.reveal(), ref.property);
      // The peer treats a missing property of this provider as a missing secret; tests of deletion policies rely on it.
      if (found === undefined) throw new SecretNotFoundError(missingProperty(ref.property, ref.key));
      return SecretValue.ofBytes(found);
    },
    entries(raw, ref) {
      const document = fakeModule.values.select(raw, ref);
      try {
        return new Map([...extractRaw(document.reveal())].map(([name, bytes]) => [name, SecretValue.ofBytes(bytes)]));
      } catch (error) {
        if (error instanceof NotAnObjectError) throw new PropertyNotFoundError(notAnObject(ref.key, error));
        throw error;
      }
    },
  } satisfies ValueReader,
};

class FakeClient implements SecretsClient {
  readonly batchSize = BATCH_SIZE;
  readonly #spec: FakeSpec;
  readonly #pushed: ReadonlyMap<string, SecretValue>;
  readonly #push: FakePush;

  /** `pushed`: the memory of this store, by remote key. */
  constructor(spec: FakeSpec, pushed: Map<string, SecretValue>) {
    this.#spec = spec;
    this.#pushed = pushed;
    this.#push = new FakePush(pushed, (key) => spec.data.some((entry) => entry.key === key));
  }

  async read(refs: readonly ReadRef[]): Promise<readonly ReadOutcome[]> {
    return refs.map((ref) => this.#readOne(ref));
  }

  async find(query: FindQuery): Promise<ReadonlyMap<string, SecretValue>> {
    if (query.nameRegexp === undefined) throw new InvalidRefError('find: the fake provider searches by name only');
    const matches = namePattern(query.nameRegexp);
    const found = new Map<string, { version: string; value: string }>();
    for (const { key, value, version = '' } of this.#spec.data) {
      const newest = found.get(key);
      const newer = newest === undefined || version >= newest.version;
      if (newer && matches(key)) found.set(key, { version, value });
    }
    const fixed = [...found].map(([key, { value }]) => [key, SecretValue.ofText(value)] as const);
    return new Map([...[...this.#pushed].filter(([key]) => matches(key)), ...fixed]);
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    signal.throwIfAborted();
    return this.#push.push(push);
  }

  async remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#push.remove(removal);
  }

  async exists(remoteKey: string, property: string | undefined): Promise<boolean> {
    const outcome = this.#readOne({ key: remoteKey });
    return outcome.ok && hasProperty(outcome.value, remoteKey, property);
  }

  async validate(): Promise<Validity> {
    const result = this.#spec.validationResult ?? 0;
    if (result === 0) return 'Ready';
    const Told = result === 1 ? ValidityUnknownError : InvalidProviderConfigError;
    throw new Told(`fake: validationResult is ${result}`);
  }

  async close(): Promise<void> {}

  #readOne({ key, version = '' }: ReadRef): ReadOutcome {
    const entry = this.#spec.data.find((data) => data.key === key && (data.version ?? '') === version);
    if (entry !== undefined) return { ok: true, value: SecretValue.ofText(entry.value) };
    const pushed = version === '' ? this.#pushed.get(key) : undefined;
    if (pushed !== undefined) return { ok: true, value: pushed };
    const which = version === '' ? '' : ` in version "${version}"`;
    return { ok: false, error: new SecretNotFoundError(`key "${key}" does not exist${which}`) };
  }
}

function missingProperty(property: string, key: string): string {
  return `property "${property}" does not exist in key "${key}"`;
}

function notAnObject(key: string, error: NotAnObjectError): string {
  return `key "${key}": ${error.message}; extract needs one, use data without property for plain text`;
}
