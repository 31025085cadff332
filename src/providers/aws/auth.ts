/**
 * From a store's `auth`, `role` and `additionalRoles` to keys (`providers.md` 2.2 to 2.4):
 *
 *   ServiceAccount token | static keys | the operator's own identity ─▶ additionalRoles… ─▶ role
 *
 * Cluster objects are read once, when the session opens; STS is asked when keys are first needed and before they expire.
 */
import { InvalidProviderConfigError } from '../errors.ts';
import type { SessionContext } from '../provider.ts';
import { defaultChain } from './default-chain.ts';
import { RenewedKeys, type KeySource } from './keys.ts';
import type { AwsSpec } from './spec.ts';
import type { RoleRequest, StsContext } from './sts.ts';

type Context = SessionContext<AwsSpec>;

const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';
const AUDIENCE_ANNOTATION = 'eks.amazonaws.com/audience';
const DEFAULT_AUDIENCE = 'sts.amazonaws.com';

/** Where in the object `auth` stands: for messages, and for what is said of a login that is missing. */
export interface AuthPlace {
  /** e.g. `auth` or `auth.iam`. */
  readonly field: string;
  /** e.g. `spec.provider.aws.auth`. */
  readonly missing: string;
}

const IN_STORE: AuthPlace = { field: 'auth', missing: 'spec.provider.aws.auth' };

/** @throws InvalidProviderConfigError when something the store names is missing. */
export async function openKeys(context: Context, place: AuthPlace = IN_STORE): Promise<KeySource> {
  const sts = stsContext(context);
  let keys = await baseKeys(context, sts, place);
  for (const role of rolesOf(context)) {
    const source = keys;
    keys = new RenewedKeys(context.clock, async () => (await import('./sts.ts')).assumeRole(sts, source, role), source);
  }
  return keys;
}

function stsContext({ spec, environment, observe, signal }: Context): StsContext {
  return { region: spec.region, environment, observe, signal };
}

async function baseKeys(context: Context, sts: StsContext, place: AuthPlace): Promise<KeySource> {
  const { auth } = context.spec;
  if (auth?.jwt !== undefined)
    return serviceAccountKeys(context, sts, auth.jwt, `${place.field}.jwt.serviceAccountRef`);
  if (auth?.secretRef !== undefined) return staticKeys(context, auth.secretRef, `${place.field}.secretRef`);
  if (context.store.kind === 'SecretStore' && !context.environment.controllerCredentialsForAll) {
    throw new InvalidProviderConfigError(
      `${place.missing} is missing: this operator keeps its own AWS identity to ClusterSecretStores ` +
        `(--controller-credentials=cluster-stores-only); set ${place.field}.jwt.serviceAccountRef or ${place.field}.secretRef`,
    );
  }
  return defaultChain(sts, context.clock);
}

async function staticKeys(
  { cluster, clock }: Context,
  ref: NonNullable<NonNullable<AwsSpec['auth']>['secretRef']>,
  field: string,
): Promise<KeySource> {
  const read = async (name: 'secretAccessKeySecretRef' | 'accessKeyIDSecretRef' | 'sessionTokenSecretRef') => {
    const selector = ref[name];
    if (selector === undefined) throw new InvalidProviderConfigError(`${field}.${name} is missing`);
    return (await cluster.secretKey(`${field}.${name}`, selector)).revealText();
  };
  const secretAccessKey = await read('secretAccessKeySecretRef');
  const accessKeyId = await read('accessKeyIDSecretRef');
  const sessionToken = ref.sessionTokenSecretRef === undefined ? undefined : await read('sessionTokenSecretRef');
  return new RenewedKeys(clock, async () => ({ accessKeyId, secretAccessKey, sessionToken }));
}

async function serviceAccountKeys(
  { cluster, clock }: Context,
  sts: StsContext,
  jwt: NonNullable<NonNullable<AwsSpec['auth']>['jwt']>,
  field: string,
): Promise<KeySource> {
  const selector = jwt.serviceAccountRef;
  if (selector === undefined) throw new InvalidProviderConfigError(`${field} is missing`);
  const { namespace, name, annotations } = await cluster.serviceAccount(field, selector);
  const roleArn = annotations[ROLE_ANNOTATION];
  if (roleArn === undefined || roleArn === '') {
    throw new InvalidProviderConfigError(
      `${field}: an IAM role must be associated with ServiceAccount ${namespace}/${name}: annotate it with ${ROLE_ANNOTATION} ` +
        `(a Pod Identity association cannot be used for another account than the operator's own)`,
    );
  }
  const own = annotations[AUDIENCE_ANNOTATION];
  const audiences = [own === undefined || own === '' ? DEFAULT_AUDIENCE : own, ...(selector.audiences ?? [])];
  const subject = `system:serviceaccount:${namespace}:${name}`;
  return new RenewedKeys(clock, async () => {
    const { token } = await cluster.serviceAccountToken(field, selector, { audiences });
    const { assumeRoleWithWebIdentity } = await import('./sts.ts');
    return assumeRoleWithWebIdentity(sts, { roleArn, token: token.revealText(), subject, audiences });
  });
}

/** Tags and external id go to the last role only. */
function rolesOf({ spec, store, namespace }: Context): readonly RoleRequest[] {
  const before = (spec.additionalRoles ?? []).filter((arn) => arn !== '').map((arn) => ({ arn }));
  if (spec.role === undefined || spec.role === '') return before;
  const tags = sessionTags(spec, store, namespace);
  const externalId = spec.externalID === '' ? undefined : spec.externalID;
  const last: RoleRequest = {
    arn: spec.role,
    externalId,
    tags: tags.length === 0 ? undefined : tags,
    transitiveTagKeys: spec.transitiveTagKeys?.length === 0 ? undefined : spec.transitiveTagKeys,
  };
  return [...before, last];
}

/** Later ones win: the manual list, then `customSessionTags`, then the reserved names. */
export function sessionTags(
  spec: AwsSpec,
  store: Context['store'],
  namespace: string,
): readonly { readonly key: string; readonly value: string }[] {
  const tags = new Map((spec.sessionTags ?? []).map(({ key, value }) => [key, value]));
  if (spec.sessionTagsPolicy === 'Custom') {
    for (const [key, value] of Object.entries(spec.customSessionTags ?? {})) {
      if (key !== '' && value !== '') tags.set(key, value);
    }
  }
  if (spec.sessionTagsPolicy !== 'None') {
    tags.set('esoNamespace', namespace).set('esoStoreName', store.name).set('esoStoreKind', store.kind);
  }
  return [...tags].map(([key, value]) => ({ key, value }));
}
