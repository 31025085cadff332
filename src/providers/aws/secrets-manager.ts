/**
 * Sessions with Secrets Manager, and reading it (`providers.md` 3): whole values, twenty to a call where that is possible and
 * permitted.
 */
import {
  BatchGetSecretValueCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient as Sdk,
  type SecretValueEntry,
} from '@aws-sdk/client-secrets-manager';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, SecretNotFoundError, type ProviderError } from '../errors.ts';
import { encodeBytesMap } from '../json/index.ts';
import type { FindQuery, ReadOutcome, ReadRef, SecretsClient, SessionContext } from '../provider.ts';
import { DeniedBatch } from './denied-batch.ts';
import { awsItemError } from './errors.ts';
import type { KeySource } from './keys.ts';
import { outcomeOf, readEach } from './read-each.ts';
import { awsCaller, sdkConfig, type AwsCaller } from './sdk.ts';
import { SecretsManagerApi } from './secrets-manager-api.ts';
import { listSecrets } from './secrets-manager-find.ts';
import { SecretsManagerPush } from './secrets-manager-push.ts';
import { AwsSessionClient } from './session-client.ts';
import type { AwsSpec } from './spec.ts';

export const SERVICE = 'secretsmanager';
const BATCH_SIZE = 20;
const CURRENT = 'AWSCURRENT';

export class SecretsManagerClient extends AwsSessionClient implements SecretsClient {
  readonly batchSize = BATCH_SIZE;
  readonly #sdk: Sdk;
  readonly #caller: AwsCaller;
  readonly #prefix: string;
  readonly #deniedBatch: DeniedBatch;

  constructor(context: SessionContext<AwsSpec>, keys: KeySource) {
    const { spec, environment, retry, observe, clock } = context;
    const { region } = spec;
    const sdk = new Sdk(
      sdkConfig({ region, environment, endpointVariable: 'AWS_SECRETSMANAGER_ENDPOINT', keys, retry }),
    );
    const caller = awsCaller({ label: 'AWS/SecretsManager', service: SERVICE, region, observe, keys });
    super(keys, new SecretsManagerPush(new SecretsManagerApi(sdk, caller), spec));
    this.#sdk = sdk;
    this.#caller = caller;
    this.#prefix = spec.prefix ?? '';
    this.#deniedBatch = new DeniedBatch(clock);
  }

  async read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const outcomes = new Map<ReadRef, ReadOutcome>();
    const current = refs.filter(isCurrentValue);
    const together = current.length > 1 && !this.#deniedBatch.remembered ? current : [];
    const alone = refs.filter((ref) => !together.includes(ref));
    const [batched, single] = await Promise.all([
      this.#readTogether(together, signal),
      readEach(alone, (ref) => this.#readOne(ref, signal)),
    ]);
    together.forEach((ref, index) => outcomes.set(ref, batched[index]!));
    alone.forEach((ref, index) => outcomes.set(ref, single[index]!));
    return refs.map((ref) => outcomes.get(ref)!);
  }

  async find(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, SecretValue>> {
    const names = await listSecrets(this.#sdk, this.#caller, query, signal);
    const found = new Map<string, SecretValue>();
    for (let at = 0; at < names.length; at += BATCH_SIZE) {
      const page = names.slice(at, at + BATCH_SIZE);
      const outcomes = await this.#readIds(page, signal);
      outcomes.forEach((outcome, index) => {
        if (outcome.ok) found.set(page[index]!, outcome.value);
        // Deleted between the listing and the read: not there any more. Anything else must not look like "not there".
        else if (!(outcome.error instanceof SecretNotFoundError)) throw outcome.error;
      });
    }
    return found;
  }

  async #readTogether(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    if (refs.length === 0) return [];
    return this.#readIds(
      refs.map(({ key }) => this.#prefix + key),
      signal,
    );
  }

  /** Current values by name or ARN: in one call if that is permitted, else one by one. */
  async #readIds(ids: readonly string[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const one = (id: string): Promise<SecretValue> => this.#getValue(id, undefined, signal);
    if (ids.length === 1 || this.#deniedBatch.remembered) return readEach(ids, one);
    try {
      return await this.#batch(ids, signal);
    } catch (error) {
      if (error instanceof PermissionDeniedError) this.#deniedBatch.remember();
      // One malformed id makes AWS refuse the whole call; alone it fails only itself.
      else if (!(error instanceof InvalidRefError)) throw error;
      return readEach(ids, one);
    }
  }

  async #batch(ids: readonly string[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    const command = new BatchGetSecretValueCommand({ SecretIdList: [...new Set(ids)] });
    const answer = await this.#caller.call(
      'BatchGetSecretValue',
      (abortSignal) => this.#sdk.send(command, { abortSignal }),
      signal,
    );
    const errors = new Map<string, ProviderError>();
    for (const { SecretId = '', ErrorCode, Message } of answer.Errors ?? []) {
      const info = { service: SERVICE, action: 'GetSecretValue', region: this.#caller.region, key: SecretId };
      errors.set(SecretId, awsItemError(ErrorCode, Message, info));
    }
    const values = answer.SecretValues ?? [];
    return Promise.all(ids.map((id) => this.#outcomeFor(id, values, errors, signal)));
  }

  async #outcomeFor(
    id: string,
    values: readonly SecretValueEntry[],
    errors: ReadonlyMap<string, ProviderError>,
    signal: AbortSignal,
  ): Promise<ReadOutcome> {
    const entry = values.find((value) => names(value, id));
    if (entry !== undefined) return outcomeOf(async () => valueOf(entry, id));
    const error = errors.get(id);
    if (error !== undefined) return { ok: false, error };
    return outcomeOf(() => this.#getValue(id, undefined, signal));
  }

  async #readOne(ref: ReadRef, signal: AbortSignal): Promise<SecretValue> {
    const id = this.#prefix + ref.key;
    return ref.metadataPolicy === 'Fetch' ? this.#getTags(id, signal) : this.#getValue(id, ref.version, signal);
  }

  async #getValue(id: string, version: string | undefined, signal: AbortSignal): Promise<SecretValue> {
    const command = new GetSecretValueCommand({ SecretId: id, ...versionOf(version) });
    const send = (abortSignal: AbortSignal) => this.#sdk.send(command, { abortSignal });
    return valueOf(await this.#caller.call('GetSecretValue', send, signal, id), id);
  }

  async #getTags(id: string, signal: AbortSignal): Promise<SecretValue> {
    const command = new DescribeSecretCommand({ SecretId: id });
    const send = (abortSignal: AbortSignal) => this.#sdk.send(command, { abortSignal });
    const { Tags = [], DeletedDate } = await this.#caller.call('DescribeSecret', send, signal, id);
    if (DeletedDate !== undefined) throw new SecretNotFoundError(`key "${id}" is scheduled for deletion`);
    const tags = Tags.map(({ Key = '', Value = '' }) => [Key, Buffer.from(Value)] as const);
    return SecretValue.ofText(encodeBytesMap(new Map(tags)));
  }
}

function isCurrentValue({ version, metadataPolicy }: ReadRef): boolean {
  return metadataPolicy !== 'Fetch' && (version === undefined || version === '' || version === CURRENT);
}

function versionOf(version: string | undefined): { VersionId: string } | { VersionStage: string } {
  if (version?.startsWith('uuid/') === true) return { VersionId: version.slice('uuid/'.length) };
  return { VersionStage: version === undefined || version === '' ? CURRENT : version };
}

/** Is this the secret that was asked for by name, whole ARN or ARN without its random end? */
function names({ Name, ARN }: SecretValueEntry, id: string): boolean {
  return Name === id || ARN === id || (id.startsWith('arn:') && ARN?.replace(/-[A-Za-z0-9]{6}$/, '') === id);
}

function valueOf(entry: Pick<SecretValueEntry, 'SecretString' | 'SecretBinary'>, id: string): SecretValue {
  if (entry.SecretString !== undefined) return SecretValue.ofText(entry.SecretString);
  if (entry.SecretBinary !== undefined) return SecretValue.ofBytes(entry.SecretBinary);
  throw new InvalidRefError(`key "${id}" holds neither text nor bytes`);
}
