/**
 * Writing Secrets Manager (`providers.md` 3.5 to 3.7). A push reads what is there once and writes only what differs; each
 * step can be repeated, so that whatever an interrupted push left undone is done by the next. Secrets Manager has no
 * compare-and-set: between the read and the write of a value another writer can get in. Our own writers take turns, and
 * nothing else is done in that moment.
 */
import { randomUUID } from 'node:crypto';
import type { SecretValue } from '../../secret-value.ts';
import { PermissionDeniedError } from '../errors.ts';
import { KeyLocks } from '../key-locks.ts';
import type { Push, PushOutcome } from '../provider.ts';
import { combinedMetadata } from '../push-metadata.ts';
import { hasProperty, hiddenValues, pushedValue, remainingValue } from '../push-values.ts';
import { createOrUpdate, type PushCall } from './create-or-update.ts';
import type { CurrentValue, Described, Payload, SecretsManagerApi } from './secrets-manager-api.ts';
import {
  askedForPolicy,
  isOtherKey,
  samePolicy,
  secretsManagerMetadata,
  wantedPolicy,
  type SecretsManagerMetadata,
} from './secrets-manager-metadata.ts';
import type { AwsSpec } from './spec.ts';
import { refuseEmpty, textOrRefuse } from './storable.ts';
import { allTags, DEFAULT_DESCRIPTION, isOurs, refuseForeign, tagChange } from './tags.ts';

/** The token of a secret's first version: a create that is repeated after a lost answer makes no second version. */
const FIRST_VERSION = '00000000-0000-0000-0000-000000000001';
const DEFAULT_KEY = 'alias/aws/secretsmanager';

type Format = CurrentValue['format'];

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
    return this.#locks.run(call.key, signal, () => this.#push(call, wanted));
  }

  async remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    const call = this.#callFor(removal.remoteKey, signal);
    await this.#locks.run(call.key, signal, () => this.#remove(call, removal));
  }

  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const current = await this.#api.value(this.#callFor(remoteKey, signal));
    return current !== undefined && hasProperty(current.value, remoteKey, property);
  }

  #callFor(remoteKey: string, signal: AbortSignal, pushed: readonly SecretValue[] = []): PushCall {
    return { key: this.#prefix + remoteKey, pushed, signal };
  }

  #push(call: PushCall, wanted: Wanted): Promise<PushOutcome> {
    return createOrUpdate<Described>({
      look: () => this.#api.describe(call),
      create: (isUnseen) => this.#create(call, wanted, isUnseen),
      update: (there) => this.#update(call, there, wanted),
      createAction: 'CreateSecret',
      takenCode: 'ResourceExistsException',
    });
  }

  async #create(call: PushCall, { push, metadata, policy }: Wanted, isUnseen: boolean): Promise<PushOutcome> {
    const { description, kmsKeyId = DEFAULT_KEY, replicationLocations = [], tags } = metadata;
    const replicas = replicasIn(replicationLocations, kmsKeyId);
    await this.#api.create(call, payloadOf(call, pushedValue(undefined, push), metadata.secretPushFormat), {
      // With the same token AWS would call it a success if it exists: we could not tell, push after push.
      ClientRequestToken: isUnseen ? randomUUID() : FIRST_VERSION,
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
    refuseForeign(call.key, there.Tags);
    const isDeleted = there.DeletedDate !== undefined;
    if (isDeleted) await this.#restore(call);
    const changes = [
      await this.#updateTags(call, there, wanted.metadata),
      await this.#updateSettings(call, there, wanted.metadata),
      await this.#updatePolicy(call, wanted),
      await this.#updateReplicas(call, there, wanted.metadata),
      await this.#updateValue(call, there, wanted),
    ];
    return isDeleted || changes.includes(true) ? 'updated' : 'unchanged';
  }

  /** Deleted with a recovery window, and wanted again. */
  async #restore(call: PushCall): Promise<void> {
    try {
      await this.#api.restore(call);
    } catch (error) {
      if (!(error instanceof PermissionDeniedError)) throw error;
      const message = `key "${call.key}" is scheduled for deletion, and ${error.message}; or restore it yourself`;
      throw new PermissionDeniedError(message, { code: error.code, cause: error });
    }
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

  /** Nothing is asked, and nothing taken away, unless the metadata names a policy or did so before (Q17). */
  async #updatePolicy(call: PushCall, { push, metadata, ...wanted }: Wanted): Promise<boolean> {
    const isOver = push.entries.some(({ previousMetadata }) => askedForPolicy(previousMetadata));
    const policy = wanted.policy ?? (isOver ? '' : undefined);
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
    const { secretPushFormat } = metadata;
    const payload = payloadOf(call, pushedValue(current?.value, push), secretPushFormat);
    if (current !== undefined && isSame(current, payload, secretPushFormat)) return false;
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
    if (!current.value.equals(left))
      await this.#api.putValue(call, payloadOf(call, left, current.format), randomUUID());
  }

  async #delete(call: PushCall, there: Described): Promise<void> {
    const replicas = regionsOf(there);
    if (replicas.length > 0) await this.#api.unreplicate(call, replicas);
    const { forceDeleteWithoutRecovery, recoveryWindowInDays = 0 } = this.#deletion ?? {};
    const window = recoveryWindowInDays > 0 ? { RecoveryWindowInDays: recoveryWindowInDays } : {};
    await this.#api.delete(
      call,
      there.ARN ?? call.key,
      forceDeleteWithoutRecovery === true ? { ForceDeleteWithoutRecovery: true } : window,
    );
  }
}

/** @throws InvalidRefError when it is a value that Secrets Manager cannot hold in this form */
function payloadOf(call: PushCall, value: SecretValue, format: Format = 'binary'): Payload {
  refuseEmpty(call, value, 'Secrets Manager');
  if (format === 'binary') return { SecretBinary: value.reveal() };
  return { SecretString: textOrRefuse(call, value, 'push it with metadata.secretPushFormat: binary') };
}

/** Text and bytes are the same, unless the metadata says which it must be. */
function isSame(current: CurrentValue, payload: Payload, format: Format | undefined): boolean {
  if (format !== undefined && format !== current.format) return false;
  return Buffer.compare(bytesOf(payload), current.value.reveal()) === 0;
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
