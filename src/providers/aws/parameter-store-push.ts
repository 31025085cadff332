/**
 * Writing Parameter Store (`providers.md` 4.2, 4.3). A push reads what is there once and writes at most one new version.
 * There is no compare-and-set: our own writers take turns, another program's write in the moment between read and write is
 * lost.
 */
import type { Parameter, PutParameterCommandInput, Tag } from '@aws-sdk/client-ssm';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushOutcome } from '../provider.ts';
import { combinedMetadata } from '../push-metadata.ts';
import { hasProperty, hiddenValues, pushedValue, remainingValue } from '../push-values.ts';
import { createOrUpdate, type PushCall } from './create-or-update.ts';
import type { ParameterStoreApi } from './parameter-store-api.ts';
import {
  parameterStoreMetadata,
  parameterValue,
  removedMetadata,
  tierOf,
  type ParameterStoreMetadata,
} from './parameter-store-metadata.ts';
import { refuseEmpty, textOrRefuse } from './storable.ts';
import { allTags, DEFAULT_DESCRIPTION, isOurs, refuseForeign, tagChange } from './tags.ts';

const DEFAULT_KEY = 'alias/aws/ssm';

export class ParameterStorePush {
  readonly #api: ParameterStoreApi;
  readonly #prefix: string;
  readonly #locks = new KeyLocks();

  constructor(api: ParameterStoreApi, prefix: string) {
    this.#api = api;
    this.#prefix = prefix;
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    const call = this.#callFor(push.remoteKey, signal, hiddenValues(push.source));
    refuseVersion(call);
    const metadata = combinedMetadata(parameterStoreMetadata, push.entries);
    return this.#locks.run(call.key, signal, () =>
      createOrUpdate<Parameter>({
        look: () => this.#api.get(call),
        create: () => this.#create(call, push, metadata),
        update: (there) => this.#update(call, there, push, metadata),
        createAction: 'PutParameter',
        takenCode: 'ParameterAlreadyExists',
      }),
    );
  }

  async remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    const call = this.#callFor(removal.remoteKey, signal);
    if (namesVersion(call)) return;
    await this.#locks.run(call.key, signal, () => this.#remove(call, removal));
  }

  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const call = this.#callFor(remoteKey, signal);
    refuseVersion(call);
    const parameter = await this.#api.get(call);
    return parameter !== undefined && hasProperty(valueOf(parameter), remoteKey, property);
  }

  #callFor(remoteKey: string, signal: AbortSignal, pushed: readonly SecretValue[] = []): PushCall {
    return { key: this.#prefix + remoteKey, pushed, signal };
  }

  async #create(call: PushCall, push: Push, metadata: ParameterStoreMetadata): Promise<PushOutcome> {
    const { secretType = 'String', description = DEFAULT_DESCRIPTION, tags } = metadata;
    const settings = { Type: secretType, Description: description, Tags: [...allTags(tags)] };
    await this.#put(call, textOf(call, undefined, push), metadata, { ...settings, Overwrite: false });
    return 'created';
  }

  async #update(call: PushCall, there: Parameter, push: Push, metadata: ParameterStoreMetadata): Promise<PushOutcome> {
    const tags = await this.#api.tags(call);
    refuseForeign(call.key, tags);
    const value = textOf(call, valueOf(there), push);
    const { secretType = there.Type, description = DEFAULT_DESCRIPTION } = metadata;
    const isChanged = value !== there.Value || secretType !== there.Type;
    if (isChanged) {
      const settings = { ...typeOf(secretType), Description: description };
      await this.#put(call, value, metadata, { ...settings, Overwrite: true });
    }
    return (await this.#updateTags(call, tags, metadata)) || isChanged ? 'updated' : 'unchanged';
  }

  async #updateTags(call: PushCall, there: readonly Tag[], metadata: ParameterStoreMetadata): Promise<boolean> {
    const { add, remove } = tagChange(there, metadata.tags);
    if (remove.length > 0) await this.#api.untag(call, remove);
    if (add.length > 0) await this.#api.tag(call, add);
    return add.length + remove.length > 0;
  }

  async #remove(call: PushCall, removal: Pick<Push, 'remoteKey' | 'entries'>): Promise<void> {
    const there = await this.#api.get(call);
    if (there === undefined || !isOurs(await this.#api.tags(call))) return;
    const current = valueOf(there);
    const left = remainingValue(current, removal);
    if (left === undefined) return this.#api.delete(call);
    if (left.equals(current)) return;
    const metadata = removedMetadata(removal.entries);
    await this.#put(call, left.revealText(), metadata, { ...typeOf(there.Type), Overwrite: true });
  }

  async #put(
    call: PushCall,
    value: string,
    metadata: ParameterStoreMetadata,
    settings: Omit<PutParameterCommandInput, 'Name' | 'Value'>,
  ): Promise<void> {
    const { kmsKeyId = DEFAULT_KEY } = metadata;
    const key = settings.Type === 'SecureString' ? { KeyId: kmsKeyId } : {};
    await this.#api.put(call, value, { ...settings, ...key, ...tierOf(metadata) });
  }
}

/** @throws InvalidRefError when it is a value that Parameter Store cannot hold */
function textOf(call: PushCall, current: SecretValue | undefined, push: Push): string {
  const value = pushedValue(current, push, parameterValue);
  refuseEmpty(call, value, 'Parameter Store');
  const remedy =
    'Parameter Store holds text only: push the whole Secret (its values are then base64), or use Secrets Manager';
  return textOrRefuse(call, value, remedy);
}

/** A colon selects a version or label where parameters are read, and is in no name that can be written. */
function namesVersion({ key }: PushCall): boolean {
  return key.includes(':');
}

/** @throws InvalidRefError */
function refuseVersion(call: PushCall): void {
  if (!namesVersion(call)) return;
  throw new InvalidRefError(
    `key "${call.key}": a colon would select a version; names of parameters that are pushed to have none (nor are they ARNs)`,
  );
}

function typeOf(Type: Parameter['Type']): Pick<PutParameterCommandInput, 'Type'> {
  return Type === undefined ? {} : { Type };
}

function valueOf(parameter: Parameter): SecretValue {
  return SecretValue.ofText(parameter.Value ?? '');
}
