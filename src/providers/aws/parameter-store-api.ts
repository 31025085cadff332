/**
 * The calls of Parameter Store that a push needs, one method each. Keys are whole names, prefix included.
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
import { SecretValue } from '../../secret-value.ts';
import { unlessMissing, type PushCall } from './create-or-update.ts';
import type { AwsCaller } from './sdk.ts';

type Options = { readonly abortSignal: AbortSignal };

export class ParameterStoreApi {
  readonly #sdk: SSMClient;
  readonly #caller: AwsCaller;

  constructor(sdk: SSMClient, caller: AwsCaller) {
    this.#sdk = sdk;
    this.#caller = caller;
  }

  /** Decrypted; undefined when there is no such parameter. */
  async get(call: PushCall): Promise<Parameter | undefined> {
    const command = new GetParameterCommand({ Name: call.key, WithDecryption: true });
    const send = () => this.#call('GetParameter', call, (options) => this.#sdk.send(command, options));
    return (await unlessMissing(send))?.Parameter;
  }

  async tags(call: PushCall): Promise<readonly Tag[]> {
    const command = new ListTagsForResourceCommand(resource(call));
    const answer = await this.#call('ListTagsForResource', call, (options) => this.#sdk.send(command, options));
    return answer.TagList ?? [];
  }

  async put(call: PushCall, Value: string, settings: Omit<PutParameterCommandInput, 'Name' | 'Value'>): Promise<void> {
    const command = new PutParameterCommand({ Name: call.key, Value, ...settings });
    // The whole value must not come back either: it may hold more than what is pushed now.
    const hiding = { ...call, pushed: [SecretValue.ofText(Value), ...call.pushed] };
    await this.#call('PutParameter', hiding, (options) => this.#sdk.send(command, options));
  }

  async tag(call: PushCall, Tags: Tag[]): Promise<void> {
    const command = new AddTagsToResourceCommand({ ...resource(call), Tags });
    await this.#call('AddTagsToResource', call, (options) => this.#sdk.send(command, options));
  }

  async untag(call: PushCall, TagKeys: string[]): Promise<void> {
    const command = new RemoveTagsFromResourceCommand({ ...resource(call), TagKeys });
    await this.#call('RemoveTagsFromResource', call, (options) => this.#sdk.send(command, options));
  }

  async delete(call: PushCall): Promise<void> {
    const command = new DeleteParameterCommand({ Name: call.key });
    await unlessMissing(() => this.#call('DeleteParameter', call, (options) => this.#sdk.send(command, options)));
  }

  #call<T>(action: string, { key, pushed, signal }: PushCall, send: (options: Options) => Promise<T>): Promise<T> {
    return this.#caller.call(action, (abortSignal) => send({ abortSignal }), signal, key, pushed);
  }
}

function resource({ key }: PushCall) {
  return { ResourceType: 'Parameter', ResourceId: key } as const;
}
