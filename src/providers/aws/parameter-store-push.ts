/**
 * Writing Parameter Store (`providers.md` 4.2, 4.3). A push reads what is there once and writes at most one new version.
 * There is no compare-and-set: our own writers take turns, another program's write in the moment between read and write is
 * lost.
 */
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  RemoveTagsFromResourceCommand,
  type Parameter,
  type PutParameterCommandInput,
  type SSMClient,
  type Tag,
} from '@aws-sdk/client-ssm';
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, ProviderError, SecretNotFoundError } from '../errors.ts';
import { encodeJson } from '../json/index.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushEntry, PushOutcome, PushSource } from '../provider.ts';
import { combinedMetadata, pushMetadata } from '../push-metadata.ts';
import { entryValue, hasProperty, hiddenValues, pushedValue, remainingValue } from '../push-values.ts';
import type { AwsCaller } from './sdk.ts';
import { allTags, DEFAULT_DESCRIPTION, isOurs, pushedTags, refuseForeign, tagChange } from './tags.ts';

const metadataSchema = z.object({
  tags: pushedTags,
  description: z.string().optional(),
  secretType: z.enum(['String', 'StringList', 'SecureString']).optional(),
  kmsKeyId: z.string().optional(),
  tier: z.object({ type: z.string().optional(), policies: z.unknown().optional() }).optional(),
  encodeAsDecoded: z.boolean().optional(),
});
type Metadata = z.infer<typeof metadataSchema>;

const DEFAULT_KEY = 'alias/aws/ssm';

/** For one push: which parameter, what must not come back in errors, until when. */
interface Call {
  readonly name: string;
  readonly pushed: readonly SecretValue[];
  readonly signal: AbortSignal;
}

export class ParameterStorePush {
  readonly #sdk: SSMClient;
  readonly #caller: AwsCaller;
  readonly #prefix: string;
  readonly #locks = new KeyLocks();

  constructor(sdk: SSMClient, caller: AwsCaller, prefix: string) {
    this.#sdk = sdk;
    this.#caller = caller;
    this.#prefix = prefix;
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    const call = this.#callFor(push.remoteKey, signal, hiddenValues(push.source));
    const metadata = combinedMetadata(metadataSchema, push.entries);
    return this.#locks.run(call.name, signal, () => this.#push(call, push, metadata));
  }

  async remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    const call = this.#callFor(removal.remoteKey, signal);
    await this.#locks.run(call.name, signal, () => this.#remove(call, removal));
  }

  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const parameter = await this.#get(this.#callFor(remoteKey, signal));
    return parameter !== undefined && hasProperty(valueOf(parameter), remoteKey, property);
  }

  #callFor(remoteKey: string, signal: AbortSignal, pushed: readonly SecretValue[] = []): Call {
    return { name: this.#prefix + remoteKey, pushed, signal };
  }

  async #push(call: Call, push: Push, metadata: Metadata, isSecondTry = false): Promise<PushOutcome> {
    const there = await this.#look(call);
    if (there !== undefined && !(there instanceof ProviderError)) return this.#update(call, there, push, metadata);
    try {
      return await this.#create(call, push, metadata);
    } catch (error) {
      if (!isTaken(error)) throw error;
      // It is there after all: either we may not see it, or somebody made it at this moment.
      if (there !== undefined || isSecondTry) throw there ?? error;
      return this.#push(call, push, metadata, true);
    }
  }

  /** The parameter, undefined when there is none, or the denial: a policy that goes by tags cannot grant what is not there. */
  async #look(call: Call): Promise<Parameter | PermissionDeniedError | undefined> {
    try {
      return await this.#get(call);
    } catch (error) {
      if (error instanceof PermissionDeniedError) return error;
      throw error;
    }
  }

  async #create(call: Call, push: Push, metadata: Metadata): Promise<PushOutcome> {
    const { secretType = 'String', description = DEFAULT_DESCRIPTION, tags } = metadata;
    const settings = { Type: secretType, Description: description, Tags: [...allTags(tags)] };
    await this.#put(call, this.#textOf(call, undefined, push), metadata, { ...settings, Overwrite: false });
    return 'created';
  }

  async #update(call: Call, there: Parameter, push: Push, metadata: Metadata): Promise<PushOutcome> {
    const tags = await this.#tags(call);
    refuseForeign(call.name, tags);
    const value = this.#textOf(call, valueOf(there), push);
    const { secretType, description } = metadata;
    const isOtherType = secretType !== undefined && secretType !== there.Type;
    const isChanged = value !== there.Value || isOtherType;
    if (isChanged) {
      const type = secretType ?? there.Type;
      const Description = description ?? DEFAULT_DESCRIPTION;
      await this.#put(call, value, metadata, {
        ...(type === undefined ? {} : { Type: type }),
        Description,
        Overwrite: true,
      });
    }
    return (await this.#updateTags(call, tags, metadata)) || isChanged ? 'updated' : 'unchanged';
  }

  async #updateTags(call: Call, there: readonly Tag[], metadata: Metadata): Promise<boolean> {
    const { add, remove } = tagChange(there, metadata.tags);
    const on = { ResourceType: 'Parameter', ResourceId: call.name } as const;
    if (remove.length > 0) {
      const command = new RemoveTagsFromResourceCommand({ ...on, TagKeys: remove });
      await this.#call('RemoveTagsFromResource', call, (options) => this.#sdk.send(command, options));
    }
    if (add.length > 0) {
      const command = new AddTagsToResourceCommand({ ...on, Tags: add });
      await this.#call('AddTagsToResource', call, (options) => this.#sdk.send(command, options));
    }
    return add.length + remove.length > 0;
  }

  async #remove(call: Call, removal: Pick<Push, 'remoteKey' | 'entries'>): Promise<void> {
    const there = await this.#get(call);
    if (there === undefined || !isOurs(await this.#tags(call))) return;
    const current = valueOf(there);
    const left = remainingValue(current, removal);
    if (left?.equals(current) === true) return;
    if (left !== undefined) {
      const type = there.Type === undefined ? {} : { Type: there.Type };
      return this.#put(call, left.revealText(), removedMetadata(removal.entries), { ...type, Overwrite: true });
    }
    const command = new DeleteParameterCommand({ Name: call.name });
    await unlessMissing(() => this.#call('DeleteParameter', call, (options) => this.#sdk.send(command, options)));
  }

  async #get(call: Call): Promise<Parameter | undefined> {
    const command = new GetParameterCommand({ Name: call.name, WithDecryption: true });
    const send = () => this.#call('GetParameter', call, (options) => this.#sdk.send(command, options));
    return (await unlessMissing(send))?.Parameter;
  }

  async #tags(call: Call): Promise<readonly Tag[]> {
    const command = new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: call.name });
    const answer = await this.#call('ListTagsForResource', call, (options) => this.#sdk.send(command, options));
    return answer.TagList ?? [];
  }

  async #put(
    call: Call,
    value: string,
    { kmsKeyId = DEFAULT_KEY, tier }: Metadata,
    settings: Omit<PutParameterCommandInput, 'Name' | 'Value'>,
  ): Promise<void> {
    const command = new PutParameterCommand({
      Name: call.name,
      Value: value,
      ...settings,
      ...(settings.Type === 'SecureString' ? { KeyId: kmsKeyId } : {}),
      ...(tier?.type === 'Advanced' ? { Tier: 'Advanced' as const, ...policiesOf(tier.policies) } : {}),
    });
    await this.#call('PutParameter', call, (options) => this.#sdk.send(command, options));
  }

  /** @throws InvalidRefError when the value is no text: Parameter Store holds nothing else */
  #textOf(call: Call, current: SecretValue | undefined, push: Push): string {
    const value = pushedValue(current, push, parameterValue);
    if (isUtf8(value.reveal())) return value.revealText();
    throw new InvalidRefError(
      `key "${call.name}": the value has bytes that are no text, and Parameter Store holds text only; push the whole ` +
        'Secret (its values are then base64), or use Secrets Manager',
    );
  }

  #call<T>(action: string, call: Call, send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>) {
    const { name, pushed, signal } = call;
    return this.#caller.call(action, (abortSignal) => send({ abortSignal }), signal, name, pushed);
  }
}

/** The whole Secret has base64 values here, unlike everywhere else, unless `encodeAsDecoded` is true. */
function parameterValue(source: PushSource, entry: PushEntry): SecretValue {
  const isWhole = entry.secretKey === undefined || entry.secretKey === '';
  if (!isWhole || pushMetadata(metadataSchema, entry.metadata).encodeAsDecoded === true)
    return entryValue(source, entry);
  const base64 = (value: SecretValue): string => Buffer.from(value.reveal()).toString('base64');
  const encoded = new Map([...source.data].map(([key, value]) => [key, base64(value)]));
  return SecretValue.ofText(encodeJson(encoded, { escapeHtml: false }));
}

function policiesOf(policies: unknown): { Policies?: string } {
  if (policies === undefined || policies === null) return {};
  return { Policies: typeof policies === 'string' ? policies : JSON.stringify(policies) };
}

/** What is needed to write the rest: key and tier. Metadata that is not valid any more does not hinder a removal. */
function removedMetadata(entries: readonly Pick<PushEntry, 'metadata'>[]): Metadata {
  try {
    return combinedMetadata(metadataSchema, entries);
  } catch (error) {
    if (error instanceof InvalidRefError) return {};
    throw error;
  }
}

function valueOf(parameter: Parameter): SecretValue {
  return SecretValue.ofText(parameter.Value ?? '');
}

function isTaken(error: unknown): boolean {
  return error instanceof ProviderError && error.code === 'ParameterAlreadyExists';
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SecretNotFoundError) return undefined;
    throw error;
  }
}
