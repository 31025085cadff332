/**
 * One secret of Secrets Manager, and how its parts look on the wire.
 */
import { AwsFault, list, tagList, text, type Json } from './wire.ts';

export interface Version {
  readonly id: string;
  readonly value: { readonly SecretString: string } | { readonly SecretBinary: string };
  readonly stages: Set<string>;
  readonly createdAt: number;
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  changedAt: number;
  description: string;
  kmsKeyId: string | undefined;
  readonly tags: Map<string, string>;
  readonly versions: Map<string, Version>;
  policy: string | undefined;
  /** Region to KMS key. */
  readonly replicas: Map<string, string | undefined>;
  /** When it is purged; undefined: it is not deleted. */
  purgeAt: number | undefined;
}

const LARGEST = 65_536;

export function payload(input: Json): Version['value'] | undefined {
  const SecretString = text(input, 'SecretString');
  const SecretBinary = text(input, 'SecretBinary');
  for (const [member, value] of Object.entries({ secretString: SecretString, secretBinary: SecretBinary }))
    if (value === '') throw tooShort(member);
  const size =
    SecretString === undefined ? Buffer.from(SecretBinary ?? '', 'base64').length : Buffer.byteLength(SecretString);
  if (size > LARGEST) {
    throw new AwsFault('InvalidParameterException', `The secret value is too long: the limit is ${LARGEST} bytes.`);
  }
  if (SecretString !== undefined) return { SecretString };
  return SecretBinary === undefined ? undefined : { SecretBinary };
}

function tooShort(member: string): AwsFault {
  return new AwsFault(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length greater than or equal to 1`,
  );
}

export function valueOf(secret: Secret, version: Version): Json {
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...version.value,
    VersionStages: [...version.stages],
    CreatedDate: version.createdAt / 1000,
  };
}

export function listEntry(secret: Secret): Json {
  const stages = [...secret.versions.values()].map(({ id, stages }) => [id, [...stages]] as const);
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description === '' ? {} : { Description: secret.description }),
    ...(secret.kmsKeyId === undefined ? {} : { KmsKeyId: secret.kmsKeyId }),
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    Tags: tagList(secret.tags),
    SecretVersionsToStages: Object.fromEntries(stages),
    ...(secret.purgeAt === undefined ? {} : { DeletedDate: secret.purgeAt / 1000 }),
  };
}

export function describe(secret: Secret): Json {
  const { SecretVersionsToStages, ...rest } = listEntry(secret);
  const replication = secret.replicas.size === 0 ? {} : { ReplicationStatus: replicationOf(secret) };
  return { ...rest, ...replication, VersionIdsToStages: SecretVersionsToStages };
}

export function replicationOf(secret: Secret): readonly Json[] {
  return [...secret.replicas].map(([Region, KmsKeyId]) => ({ Region, KmsKeyId, Status: 'InSync' }));
}

export function addReplicas(secret: Secret, input: Json, own: string): void {
  const wanted = list(input, 'AddReplicaRegions') as readonly { readonly Region: string; readonly KmsKeyId?: string }[];
  for (const { Region, KmsKeyId } of wanted) {
    if (Region === own)
      throw new AwsFault(
        'InvalidParameterException',
        'Invalid replica region. Cannot be the same as the primary region.',
      );
    secret.replicas.set(Region, KmsKeyId);
  }
}

export function policyOf(input: Json): string {
  const document = text(input, 'ResourcePolicy') ?? '';
  try {
    JSON.parse(document);
    return document;
  } catch {
    throw new AwsFault('MalformedPolicyDocumentException', 'This resource policy contains invalid Json.');
  }
}

/** AWS's filters: a prefix of any value; a leading `!` turns it round. */
export function passes(secret: Secret, key: string, values: readonly string[]): boolean {
  const texts: Readonly<Record<string, readonly string[]>> = {
    name: [secret.name],
    description: [secret.description],
    'tag-key': [...secret.tags.keys()],
    'tag-value': [...secret.tags.values()],
  };
  const own = texts[key] ?? Object.values(texts).flat();
  return values.some((value) =>
    value.startsWith('!')
      ? !own.some((candidate) => candidate.startsWith(value.slice(1)))
      : own.some((candidate) => candidate.startsWith(value)),
  );
}
