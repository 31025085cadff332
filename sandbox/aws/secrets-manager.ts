/**
 * Secrets Manager: secrets with versions and stages, deleted with a recovery window. One instance per region.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import {
  addReplicas,
  describe,
  listEntry,
  passes,
  payload,
  policyOf,
  replicationOf,
  valueOf,
  type Secret,
  type Version,
} from './secret.ts';
import { AwsFault, list, page, tagsOf, text, type Json } from './wire.ts';

/** Is the caller allowed this action on the resource, which carries these tags if it is there? @throws AwsFault */
export type Permit = (action: string, arn: string, tags?: ReadonlyMap<string, string>) => void;

const DAY_MS = 86_400_000;
const NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/;

export class SecretsManager {
  readonly #clock: Clock;
  readonly #region: string;
  readonly #account: string;
  readonly #secrets = new Map<string, Secret>();

  constructor(clock: Clock, region: string, account: string) {
    this.#clock = clock;
    this.#region = region;
    this.#account = account;
  }

  call(action: string, input: Json, permit: Permit): Json {
    this.#purge();
    switch (action) {
      case 'GetSecretValue':
        return this.#getValue(input, permit);
      case 'BatchGetSecretValue':
        return this.#batch(input, permit);
      case 'ListSecrets':
        permit(action, '*');
        return this.#list(input);
      case 'CreateSecret':
        this.#permitCreate(input, permit);
        return this.#create(input);
      default:
        return this.#change(action, input, permit);
    }
  }

  /** The tests' own way: creates or writes a new version, and undoes a deletion. */
  put(name: string, value: string | Uint8Array, tags: Readonly<Record<string, string>> | undefined): void {
    this.#purge();
    const secret = this.#secrets.get(name) ?? this.#add(name);
    secret.purgeAt = undefined;
    for (const [key, tag] of Object.entries(tags ?? {})) secret.tags.set(key, tag);
    const wire =
      typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') };
    this.#addVersion(secret, randomUUID(), wire, ['AWSCURRENT']);
  }

  remove(name: string): void {
    this.#secrets.delete(name);
  }

  /** The secret itself, for tests that look behind the API. */
  peek(name: string): Secret | undefined {
    return this.#secrets.get(name);
  }

  #change(action: string, input: Json, permit: Permit): Json {
    // IAM looks first: whoever may not touch a secret does not learn whether it exists.
    const id = text(input, 'SecretId') ?? '';
    const known = this.#resolve(id);
    permit(action, known?.arn ?? this.#arn(id), known?.tags);
    const secret = this.#find(
      input,
      action === 'DescribeSecret' || action === 'RestoreSecret' || action === 'DeleteSecret',
    );
    const named = { ARN: secret.arn, Name: secret.name };
    switch (action) {
      case 'DescribeSecret':
        return describe(secret);
      case 'PutSecretValue':
        return this.#putValue(secret, input);
      case 'DeleteSecret':
        return this.#delete(secret, input);
      case 'RestoreSecret':
        secret.purgeAt = undefined;
        return named;
      case 'TagResource':
        for (const [key, value] of tagsOf(input, 'Tags')) secret.tags.set(key, value);
        return {};
      case 'UntagResource':
        for (const key of list(input, 'TagKeys')) secret.tags.delete(String(key));
        return {};
      case 'PutResourcePolicy':
        secret.policy = policyOf(input);
        return named;
      case 'UpdateSecret':
        return this.#update(secret, input);
      case 'ReplicateSecretToRegions':
        addReplicas(secret, input, this.#region);
        return { ARN: secret.arn, ReplicationStatus: replicationOf(secret) };
      case 'RemoveRegionsFromReplication':
        for (const region of list(input, 'RemoveReplicaRegions')) secret.replicas.delete(String(region));
        return { ARN: secret.arn, ReplicationStatus: replicationOf(secret) };
      case 'GetResourcePolicy':
        return { ...named, ...(secret.policy === undefined ? {} : { ResourcePolicy: secret.policy }) };
      case 'DeleteResourcePolicy':
        secret.policy = undefined;
        return named;
      default:
        throw new AwsFault('UnknownOperationException', `the sandbox does not know secretsmanager:${action}`, 501);
    }
  }

  #getValue(input: Json, permit: Permit): Json {
    // IAM looks first: whoever may not read a secret does not learn whether it exists.
    const id = text(input, 'SecretId') ?? '';
    const known = this.#resolve(id);
    permit('GetSecretValue', known?.arn ?? this.#arn(id), known?.tags);
    const secret = this.#find(input, false);
    const versionId = text(input, 'VersionId');
    const stage = text(input, 'VersionStage') ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
    const version = [...secret.versions.values()].find(
      (candidate) =>
        (versionId === undefined || candidate.id === versionId) && (stage === undefined || candidate.stages.has(stage)),
    );
    if (version !== undefined) return valueOf(secret, version);
    const which = versionId === undefined ? `staging label: ${stage}` : `VersionId: ${versionId}`;
    throw new AwsFault(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${which}`,
    );
  }

  #batch(input: Json, permit: Permit): Json {
    permit('BatchGetSecretValue', '*');
    const asked = list(input, 'SecretIdList').map(String);
    if (asked.length > 20) throw tooMany('secretIdList', asked, 20);
    for (const id of asked) checkId(id);
    const ids = asked.length > 0 ? asked : this.#listed(input).map(({ name }) => name);
    const { items, NextToken } = asked.length > 0 ? { items: ids } : page(ids, input, 20);
    const values: Json[] = [];
    const errors: Json[] = [];
    for (const SecretId of items) {
      try {
        values.push(this.#getValue({ SecretId }, permit));
      } catch (error) {
        if (!(error instanceof AwsFault) || error.status >= 500) throw error;
        errors.push({ SecretId, ErrorCode: error.code, Message: error.message });
      }
    }
    return { SecretValues: values, Errors: errors, ...(NextToken === undefined ? {} : { NextToken }) };
  }

  #list(input: Json): Json {
    const { items, NextToken } = page(this.#listed(input), input, 100);
    return { SecretList: items.map(listEntry), ...(NextToken === undefined ? {} : { NextToken }) };
  }

  #listed(input: Json): readonly Secret[] {
    const filters = list(input, 'Filters') as readonly { readonly Key: string; readonly Values: readonly string[] }[];
    const all = [...this.#secrets.values()].filter(
      (secret) => secret.purgeAt === undefined || input['IncludePlannedDeletion'] === true,
    );
    return all.filter((secret) => filters.every((filter) => passes(secret, filter.Key, filter.Values)));
  }

  /** Tags and replicas of a new secret are rights of their own. */
  #permitCreate(input: Json, permit: Permit): void {
    const arn = this.#arn(text(input, 'Name') ?? '');
    permit('CreateSecret', arn);
    if (list(input, 'Tags').length > 0) permit('TagResource', arn);
    if (list(input, 'AddReplicaRegions').length > 0) permit('ReplicateSecretToRegions', arn);
  }

  #create(input: Json): Json {
    const name = text(input, 'Name') ?? '';
    if (!NAME.test(name)) {
      throw new AwsFault(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    }
    const existing = this.#secrets.get(name);
    if (existing?.purgeAt !== undefined) {
      throw new AwsFault(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing !== undefined) {
      const id = text(input, 'ClientRequestToken') ?? '';
      // The same request once more, after an answer that was lost.
      if (JSON.stringify(existing.versions.get(id)?.value) === JSON.stringify(payload(input)) && payload(input))
        return { ARN: existing.arn, Name: name, VersionId: id };
      throw new AwsFault('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
    }
    const value = payload(input);
    const secret = this.#add(name);
    secret.description = text(input, 'Description') ?? '';
    secret.kmsKeyId = text(input, 'KmsKeyId');
    for (const [key, tag] of tagsOf(input, 'Tags')) secret.tags.set(key, tag);
    addReplicas(secret, input, this.#region);
    const named = { ARN: secret.arn, Name: name };
    if (value === undefined) return named;
    const id = text(input, 'ClientRequestToken') ?? randomUUID();
    this.#addVersion(secret, id, value, ['AWSCURRENT']);
    return { ...named, VersionId: id };
  }

  #putValue(secret: Secret, input: Json): Json {
    const value = payload(input);
    if (value === undefined) {
      throw new AwsFault('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    }
    const id = text(input, 'ClientRequestToken') ?? randomUUID();
    const stages = list(input, 'VersionStages').map(String);
    const same = secret.versions.get(id);
    if (same !== undefined && JSON.stringify(same.value) !== JSON.stringify(value)) {
      throw new AwsFault(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
      );
    }
    if (same === undefined) this.#addVersion(secret, id, value, stages.length > 0 ? stages : ['AWSCURRENT']);
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...secret.versions.get(id)!.stages] };
  }

  #update(secret: Secret, input: Json): Json {
    secret.description = text(input, 'Description') ?? secret.description;
    secret.kmsKeyId = text(input, 'KmsKeyId') ?? secret.kmsKeyId;
    if (payload(input) !== undefined) return this.#putValue(secret, input);
    return { ARN: secret.arn, Name: secret.name };
  }

  #delete(secret: Secret, input: Json): Json {
    if (secret.replicas.size > 0) {
      throw new AwsFault(
        'InvalidRequestException',
        "You can't delete secret that is replicated to other Regions. First, you must remove the replicas.",
      );
    }
    const days = input['RecoveryWindowInDays'];
    const force = input['ForceDeleteWithoutRecovery'] === true;
    if (typeof days === 'number' && (days < 7 || days > 30)) {
      throw new AwsFault(
        'InvalidParameterException',
        'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      );
    }
    if (force && days !== undefined) {
      throw new AwsFault(
        'InvalidParameterException',
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
      );
    }
    secret.purgeAt = this.#clock.now() + (force ? 0 : (typeof days === 'number' ? days : 30) * DAY_MS);
    if (force) this.#secrets.delete(secret.name);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.purgeAt / 1000 };
  }

  #find(input: Json, evenIfDeleted: boolean): Secret {
    const id = text(input, 'SecretId') ?? '';
    checkId(id);
    const secret = this.#resolve(id);
    if (secret === undefined) {
      throw new AwsFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    if (secret.purgeAt !== undefined && !evenIfDeleted) {
      throw new AwsFault(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    return secret;
  }

  #resolve(id: string): Secret | undefined {
    if (!id.startsWith('arn:')) return this.#secrets.get(id);
    return [...this.#secrets.values()].find(({ arn }) => arn === id || arn.replace(/-[A-Za-z0-9]{6}$/, '') === id);
  }

  #add(name: string): Secret {
    const now = this.#clock.now();
    const arn = `${this.#arn(name)}-${randomBytes(3).toString('hex')}`;
    const secret: Secret = {
      name,
      arn,
      createdAt: now,
      changedAt: now,
      description: '',
      kmsKeyId: undefined,
      tags: new Map(),
      versions: new Map(),
      policy: undefined,
      replicas: new Map(),
      purgeAt: undefined,
    };
    this.#secrets.set(name, secret);
    return secret;
  }

  #addVersion(secret: Secret, id: string, value: Version['value'], stages: readonly string[]): void {
    for (const version of secret.versions.values()) {
      if (stages.includes('AWSCURRENT')) {
        version.stages.delete('AWSPREVIOUS');
        if (version.stages.has('AWSCURRENT')) version.stages.add('AWSPREVIOUS');
      }
      for (const stage of stages) version.stages.delete(stage);
    }
    secret.changedAt = this.#clock.now();
    secret.versions.set(id, { id, value, stages: new Set(stages), createdAt: secret.changedAt });
  }

  #arn(name: string): string {
    return name.startsWith('arn:') ? name : `arn:aws:secretsmanager:${this.#region}:${this.#account}:secret:${name}`;
  }

  #purge(): void {
    for (const secret of this.#secrets.values()) {
      if (secret.purgeAt !== undefined && secret.purgeAt <= this.#clock.now()) this.#secrets.delete(secret.name);
    }
  }
}

function checkId(id: string): void {
  if (id.length >= 1 && id.length <= 2048) return;
  throw new AwsFault(
    'ValidationException',
    `1 validation error detected: Value '${id}' at 'secretId' failed to satisfy constraint: Member must have length greater than or equal to 1`,
  );
}

function tooMany(field: string, values: readonly string[], most: number): AwsFault {
  return new AwsFault(
    'ValidationException',
    `1 validation error detected: Value '[${values.join(', ')}]' at '${field}' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
  );
}
