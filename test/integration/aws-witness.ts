/**
 * Looks at AWS as somebody beside the operator does, with keys of their own: what was pushed, in which form, with which tags. Works with
 * every AWS of the tests; its calls are not told apart from the operator's in counts.
 */
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  type Tag,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, ListTagsForResourceCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import type { AwsBackend } from './env.ts';

export interface SeenSecret {
  /** Undefined when it is scheduled for deletion. */
  readonly text: string | undefined;
  readonly bytes: Buffer | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly description: string | undefined;
  readonly versions: number;
  readonly deleted: boolean;
}

export interface SeenParameter {
  readonly value: string;
  readonly type: string;
  readonly version: number;
  readonly tags: Readonly<Record<string, string>>;
}

export class AwsWitness {
  readonly #secrets: SecretsManagerClient;
  readonly #parameters: SSMClient;

  private constructor(endpoint: string, region: string) {
    const credentials = { accessKeyId: 'AKIAWITNESS', secretAccessKey: 'witness' };
    const config = { endpoint, region, credentials, maxAttempts: 1 };
    this.#secrets = new SecretsManagerClient(config);
    this.#parameters = new SSMClient(config);
  }

  static async of(aws: AwsBackend, region = 'eu-central-1'): Promise<AwsWitness> {
    await aws.addAccessKey('AKIAWITNESS', 'witness');
    return new AwsWitness(aws.endpoint, region);
  }

  /** Undefined when there is none. */
  async secret(SecretId: string): Promise<SeenSecret | undefined> {
    try {
      const described = await this.#secrets.send(new DescribeSecretCommand({ SecretId }));
      const deleted = described.DeletedDate !== undefined;
      const value = deleted ? undefined : await this.#secrets.send(new GetSecretValueCommand({ SecretId }));
      return {
        text: value?.SecretString,
        bytes: value?.SecretBinary === undefined ? undefined : Buffer.from(value.SecretBinary),
        tags: tagsOf(described.Tags),
        description: described.Description,
        versions: Object.keys(described.VersionIdsToStages ?? {}).length,
        deleted,
      };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  async policy(SecretId: string): Promise<unknown> {
    const { ResourcePolicy } = await this.#secrets.send(new GetResourcePolicyCommand({ SecretId }));
    return ResourcePolicy === undefined ? undefined : JSON.parse(ResourcePolicy);
  }

  /** Undefined when there is none. */
  async parameter(Name: string): Promise<SeenParameter | undefined> {
    try {
      const { Parameter } = await this.#parameters.send(new GetParameterCommand({ Name, WithDecryption: true }));
      const { Value = '', Type = 'String', Version = 0 } = Parameter ?? {};
      const of = { ResourceType: 'Parameter', ResourceId: Name } as const;
      const { TagList } = await this.#parameters.send(new ListTagsForResourceCommand(of));
      return { value: Value, type: Type, version: Version, tags: tagsOf(TagList) };
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }
}

function tagsOf(tags: readonly Partial<Tag>[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
