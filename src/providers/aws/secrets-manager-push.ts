/**
 * Writing Secrets Manager (`providers.md` 3.5 to 3.7). A push reads what is there once and writes only what differs; each
 * step can be repeated, so that whatever an interrupted push left undone is done by the next. Secrets Manager has no
 * compare-and-set: between the read and the write of a value another writer can get in. Our own writers take turns, and
 * nothing else is done in that moment.
 */
import { randomUUID } from 'node:crypto';
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, ProviderError } from '../errors.ts';
import { decodeUtf8 } from '../json/index.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushOutcome } from '../provider.ts';
import { combinedMetadata } from '../push-metadata.ts';
import { hasProperty, hiddenValues, pushedValue, remainingValue } from '../push-values.ts';
import type { Described, Payload, PushCall, SecretsManagerApi } from './secrets-manager-api.ts';
import {
  isOtherKey,
  samePolicy,
  secretsManagerMetadata,
  wantedPolicy,
  type SecretsManagerMetadata,
} from './secrets-manager-metadata.ts';
import type { AwsSpec } from './spec.ts';
import { allTags, DEFAULT_DESCRIPTION, isOurs, refuseForeign, tagChange } from './tags.ts';

/** The token of a secret's first version: a create that is repeated after a lost answer makes no second version. */
const FIRST_VERSION = '00000000-0000-0000-0000-000000000001';
const DEFAULT_KEY = 'alias/aws/secretsmanager';

/** What one push wants besides the value. */
interface Wanted {
  readonly push: Push;
  readonly metadata: SecretsManagerMetadata;
  readonly policy: string | undefined;
}

export class SecretsManagerPush {
  readonly #api: SecretsManagerApi;
  readonly #prefix: string;
  readonly #deletion: AwsSpec['secretsManager'];
  readonly #locks = new KeyLocks();

  constructor(api: SecretsManagerApi, spec: Pick<AwsSpec, 'prefix' | 'secretsManager'>) {
    this.#api = api;
    this.#prefix = spec.prefix ?? '';
    this.#deletion = spec.secretsManager;
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    const call = this.#callFor(push.remoteKey, signal, hiddenValues(push.source));
    const metadata = combinedMetadata(secretsManagerMetadata, push.entries);
    const wanted = { push, metadata, policy: await wantedPolicy(metadata, push.readReference) };
    return this.#locks.run(call.id, signal, () => this.#push(call, wanted));
  }

  async remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    const call = this.#callFor(removal.remoteKey, signal);
    await this.#locks.run(call.id, signal, () => this.#remove(call, removal));
  }

  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const current = await this.#api.value(this.#callFor(remoteKey, signal));
    return current !== undefined && hasProperty(current.value, remoteKey, property);
  }

  #callFor(remoteKey: string, signal: AbortSignal, pushed: readonly SecretValue[] = []): PushCall {
    return { id: this.#prefix + remoteKey, pushed, signal };
  }

  async #push(call: PushCall, wanted: Wanted, isSecondTry = false): Promise<PushOutcome> {
    const there = await this.#look(call);
    if (there !== undefined && !(there instanceof ProviderError)) return this.#update(call, there, wanted);
    try {
      return await this.#create(call, wanted);
    } catch (error) {
      if (!isTaken(error)) throw error;
      // It is there after all: either we may not see it, or somebody made it at this moment.
      if (there !== undefined || isSecondTry) throw there ?? error;
      return this.#push(call, wanted, true);
    }
  }

  /**
   * The secret, undefined when there is none, or the denial: a policy that goes by tags denies to describe what does not
   * exist yet (Q15), so a denial alone does not say that it cannot be created.
   */
  async #look(call: PushCall): Promise<Described | PermissionDeniedError | undefined> {
    try {
      return await this.#api.describe(call);
    } catch (error) {
      if (error instanceof PermissionDeniedError) return error;
      throw error;
    }
  }

  async #create(call: PushCall, { push, metadata, policy }: Wanted): Promise<PushOutcome> {
    const { description, kmsKeyId = DEFAULT_KEY, replicationLocations = [], tags } = metadata;
    const replicas = replicasIn(replicationLocations, kmsKeyId);
    await this.#api.create(call, {
      ...payloadOf(pushedValue(undefined, push), metadata.secretPushFormat),
      ClientRequestToken: FIRST_VERSION,
      Description: description ?? DEFAULT_DESCRIPTION,
      KmsKeyId: kmsKeyId,
      Tags: [...allTags(tags)],
      ...(replicas.length === 0 ? {} : { AddReplicaRegions: replicas }),
    });
    if (policy !== undefined && policy !== '')
      await this.#api.putPolicy(call, policy, metadata.resourcePolicy?.blockPublicPolicy);
    return 'created';
  }

  async #update(call: PushCall, there: Described, wanted: Wanted): Promise<PushOutcome> {
    refuseForeign(call.id, there.Tags);
    if (there.DeletedDate !== undefined)
      throw new InvalidRefError(
        `key "${call.id}" is scheduled for deletion: restore it (aws secretsmanager restore-secret) or delete it without ` +
          'recovery, then it is pushed again',
      );
    const changes = [
      await this.#updateTags(call, there, wanted.metadata),
      await this.#updateSettings(call, there, wanted.metadata),
      await this.#updatePolicy(call, wanted),
      await this.#updateReplicas(call, there, wanted.metadata),
      await this.#updateValue(call, there, wanted),
    ];
    return changes.includes(true) ? 'updated' : 'unchanged';
  }

  async #updateTags(call: PushCall, there: Described, { tags }: SecretsManagerMetadata): Promise<boolean> {
    const { add, remove } = tagChange(there.Tags, tags);
    if (remove.length > 0) await this.#api.untag(call, remove);
    if (add.length > 0) await this.#api.tag(call, add);
    return remove.length + add.length > 0;
  }

  /** Description and key are changed only when the metadata names them: that takes a right that a push alone does not need. */
  async #updateSettings(call: PushCall, there: Described, metadata: SecretsManagerMetadata): Promise<boolean> {
    const { description, kmsKeyId } = metadata;
    const change = {
      ...(description === undefined || description === (there.Description ?? '') ? {} : { Description: description }),
      ...(kmsKeyId === undefined || !isOtherKey(there.KmsKeyId, kmsKeyId) ? {} : { KmsKeyId: kmsKeyId }),
    };
    if (Object.keys(change).length === 0) return false;
    await this.#api.update(call, change);
    return true;
  }

  /** Nothing is asked, and nothing taken away, unless the metadata names a policy (Q17). */
  async #updatePolicy(call: PushCall, { policy, metadata }: Wanted): Promise<boolean> {
    if (policy === undefined) return false;
    const attached = await this.#api.policy(call);
    if (policy === '') {
      if (attached === undefined) return false;
      await this.#api.deletePolicy(call);
      return true;
    }
    if (samePolicy(attached, policy)) return false;
    await this.#api.putPolicy(call, policy, metadata.resourcePolicy?.blockPublicPolicy);
    return true;
  }

  async #updateReplicas(call: PushCall, there: Described, metadata: SecretsManagerMetadata): Promise<boolean> {
    const { replicationLocations: wanted } = metadata;
    if (wanted === undefined) return false;
    const current = regionsOf(there);
    const surplus = current.filter((region) => !wanted.includes(region));
    const missing = wanted.filter((region) => !current.includes(region));
    if (surplus.length > 0) await this.#api.unreplicate(call, surplus);
    if (missing.length > 0)
      await this.#api.replicate(call, replicasIn(missing, there.KmsKeyId ?? metadata.kmsKeyId ?? DEFAULT_KEY));
    return surplus.length + missing.length > 0;
  }

  async #updateValue(call: PushCall, there: Described, { push, metadata }: Wanted): Promise<boolean> {
    const versions = Object.entries(there.VersionIdsToStages ?? {});
    const hasValue = versions.some(([, stages]) => stages.includes('AWSCURRENT'));
    const current = hasValue ? await this.#api.value(call) : undefined;
    const payload = payloadOf(pushedValue(current?.value, push), metadata.secretPushFormat);
    if (current !== undefined && Buffer.compare(bytesOf(payload), current.value.reveal()) === 0) return false;
    await this.#api.putValue(call, payload, versions.length === 0 ? FIRST_VERSION : randomUUID());
    return true;
  }

  async #remove(call: PushCall, removal: Pick<Push, 'remoteKey' | 'entries'>): Promise<void> {
    const there = await this.#api.describe(call);
    if (there === undefined || there.DeletedDate !== undefined || !isOurs(there.Tags)) return;
    const isWhole = removal.entries.some(({ property }) => property === undefined || property === '');
    const current = isWhole ? undefined : await this.#api.value(call);
    const left = current === undefined ? undefined : remainingValue(current.value, removal);
    if (current === undefined || left === undefined) return this.#delete(call, there);
    if (!current.value.equals(left)) await this.#api.putValue(call, payloadOf(left, current.format), randomUUID());
  }

  async #delete(call: PushCall, there: Described): Promise<void> {
    const replicas = regionsOf(there);
    if (replicas.length > 0) await this.#api.unreplicate(call, replicas);
    const { forceDeleteWithoutRecovery, recoveryWindowInDays = 0 } = this.#deletion ?? {};
    const window = recoveryWindowInDays > 0 ? { RecoveryWindowInDays: recoveryWindowInDays } : {};
    await this.#api.delete(
      call,
      there.ARN ?? call.id,
      forceDeleteWithoutRecovery === true ? { ForceDeleteWithoutRecovery: true } : window,
    );
  }
}

function payloadOf(value: SecretValue, format: 'binary' | 'string' = 'binary'): Payload {
  if (format === 'string') return { SecretString: decodeUtf8(value.reveal()) };
  return { SecretBinary: value.reveal() };
}

function bytesOf(payload: Payload): Uint8Array {
  return 'SecretString' in payload ? Buffer.from(payload.SecretString) : payload.SecretBinary;
}

function regionsOf(there: Described): string[] {
  return (there.ReplicationStatus ?? []).flatMap(({ Region }) => (Region === undefined ? [] : [Region]));
}

function replicasIn(regions: readonly string[], KmsKeyId: string): { Region: string; KmsKeyId: string }[] {
  return regions.map((Region) => ({ Region, KmsKeyId }));
}

function isTaken(error: unknown): boolean {
  return error instanceof ProviderError && error.code === 'ResourceExistsException';
}
