/**
 * The calls of Secrets Manager that a push needs, one method each. Ids are names or ARNs as AWS takes them, prefix included.
 */
import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  type CreateSecretCommandInput,
  type DeleteSecretCommandInput,
  type DescribeSecretCommandOutput,
  type ReplicaRegionType,
  type SecretsManagerClient,
  type Tag,
} from '@aws-sdk/client-secrets-manager';
import { SecretValue } from '../../secret-value.ts';
import { unlessMissing, type PushCall } from './create-or-update.ts';
import type { AwsCaller } from './sdk.ts';

export type Described = DescribeSecretCommandOutput;

export interface CurrentValue {
  readonly value: SecretValue;
  readonly format: 'binary' | 'string';
}

export type Payload = { readonly SecretString: string } | { readonly SecretBinary: Uint8Array };

type Options = { readonly abortSignal: AbortSignal };

export class SecretsManagerApi {
  readonly #sdk: SecretsManagerClient;
  readonly #caller: AwsCaller;

  constructor(sdk: SecretsManagerClient, caller: AwsCaller) {
    this.#sdk = sdk;
    this.#caller = caller;
  }

  /** Undefined when there is no such secret. */
  async describe(call: PushCall): Promise<Described | undefined> {
    const command = new DescribeSecretCommand({ SecretId: call.key });
    return unlessMissing(() => this.#call('DescribeSecret', call, (options) => this.#sdk.send(command, options)));
  }

  /** The current value; undefined when there is none, or no such secret, or it is scheduled for deletion. */
  async value(call: PushCall): Promise<CurrentValue | undefined> {
    const command = new GetSecretValueCommand({ SecretId: call.key, VersionStage: 'AWSCURRENT' });
    const answer = await unlessMissing(() =>
      this.#call('GetSecretValue', call, (options) => this.#sdk.send(command, options)),
    );
    if (answer?.SecretBinary !== undefined)
      return { value: SecretValue.ofBytes(answer.SecretBinary), format: 'binary' };
    if (answer?.SecretString === undefined) return undefined;
    return { value: SecretValue.ofText(answer.SecretString), format: 'string' };
  }

  async create(call: PushCall, payload: Payload, settings: Omit<CreateSecretCommandInput, 'Name'>): Promise<void> {
    const command = new CreateSecretCommand({ Name: call.key, ...payload, ...settings });
    await this.#call('CreateSecret', hiding(call, payload), (options) => this.#sdk.send(command, options));
  }

  async putValue(call: PushCall, payload: Payload, token: string): Promise<void> {
    const command = new PutSecretValueCommand({ SecretId: call.key, ClientRequestToken: token, ...payload });
    await this.#call('PutSecretValue', hiding(call, payload), (options) => this.#sdk.send(command, options));
  }

  async update(call: PushCall, input: { Description?: string; KmsKeyId?: string }): Promise<void> {
    const command = new UpdateSecretCommand({ SecretId: call.key, ...input });
    await this.#call('UpdateSecret', call, (options) => this.#sdk.send(command, options));
  }

  async tag(call: PushCall, Tags: Tag[]): Promise<void> {
    const command = new TagResourceCommand({ SecretId: call.key, Tags });
    await this.#call('TagResource', call, (options) => this.#sdk.send(command, options));
  }

  async untag(call: PushCall, TagKeys: string[]): Promise<void> {
    const command = new UntagResourceCommand({ SecretId: call.key, TagKeys });
    await this.#call('UntagResource', call, (options) => this.#sdk.send(command, options));
  }

  /** Undefined when none is attached. */
  async policy(call: PushCall): Promise<string | undefined> {
    const command = new GetResourcePolicyCommand({ SecretId: call.key });
    return (await this.#call('GetResourcePolicy', call, (options) => this.#sdk.send(command, options))).ResourcePolicy;
  }

  async putPolicy(call: PushCall, ResourcePolicy: string, blockPublicPolicy: boolean | undefined): Promise<void> {
    const block = blockPublicPolicy === undefined ? {} : { BlockPublicPolicy: blockPublicPolicy };
    const command = new PutResourcePolicyCommand({ SecretId: call.key, ResourcePolicy, ...block });
    await this.#call('PutResourcePolicy', call, (options) => this.#sdk.send(command, options));
  }

  async deletePolicy(call: PushCall): Promise<void> {
    const command = new DeleteResourcePolicyCommand({ SecretId: call.key });
    await this.#call('DeleteResourcePolicy', call, (options) => this.#sdk.send(command, options));
  }

  async replicate(call: PushCall, AddReplicaRegions: ReplicaRegionType[]): Promise<void> {
    const command = new ReplicateSecretToRegionsCommand({ SecretId: call.key, AddReplicaRegions });
    await this.#call('ReplicateSecretToRegions', call, (options) => this.#sdk.send(command, options));
  }

  async unreplicate(call: PushCall, RemoveReplicaRegions: string[]): Promise<void> {
    const command = new RemoveRegionsFromReplicationCommand({ SecretId: call.key, RemoveReplicaRegions });
    await this.#call('RemoveRegionsFromReplication', call, (options) => this.#sdk.send(command, options));
  }

  /** Takes back a deletion whose recovery window is not over. */
  async restore(call: PushCall): Promise<void> {
    const command = new RestoreSecretCommand({ SecretId: call.key });
    await this.#call('RestoreSecret', call, (options) => this.#sdk.send(command, options));
  }

  async delete(call: PushCall, SecretId: string, how: Omit<DeleteSecretCommandInput, 'SecretId'>): Promise<void> {
    const command = new DeleteSecretCommand({ SecretId, ...how });
    await unlessMissing(() => this.#call('DeleteSecret', call, (options) => this.#sdk.send(command, options)));
  }

  #call<T>(action: string, { key, pushed, signal }: PushCall, send: (options: Options) => Promise<T>): Promise<T> {
    return this.#caller.call(action, (abortSignal) => send({ abortSignal }), signal, key, pushed);
  }
}

/** The whole payload must not come back either: it may hold more than what is pushed now. */
function hiding(call: PushCall, payload: Payload): PushCall {
  return { ...call, pushed: [valueOf(payload), ...call.pushed] };
}

function valueOf(payload: Payload): SecretValue {
  return 'SecretString' in payload
    ? SecretValue.ofText(payload.SecretString)
    : SecretValue.ofBytes(payload.SecretBinary);
}
