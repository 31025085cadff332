/**
 * What can be said about a Vault SecretStore without talking to anyone: `api.md` 12, decisions D70 and D71. The same
 * words are used by the admission webhook and by the controller.
 */
import type { SecretKeySelector, ServiceAccountSelector } from '../../api/selectors.ts';
import type { SpecCheck, StoreKind } from '../provider.ts';
import { methodsOf, type VaultAuth } from './spec-auth.ts';
import type { VaultSpec } from './spec.ts';

type Selector = SecretKeySelector | ServiceAccountSelector;
type Found = readonly [field: string, selector: Selector | undefined];

export interface CheckedStore {
  readonly kind: StoreKind;
  /** Empty for a ClusterSecretStore. */
  readonly namespace: string;
}

export const UNAVAILABLE_METHODS: ReadonlySet<string> = new Set(['gcp']);

export function checkVault(spec: VaultSpec, store: CheckedStore): SpecCheck {
  const auth = spec.auth;
  const errors = [
    ...(auth === undefined ? [] : missingParts(auth, store)),
    ...(store.kind === 'SecretStore' ? foreignNamespaces(spec, store.namespace) : []),
    ...tlsErrors(spec),
    ...(spec.checkAndSet?.required === true && spec.version === 'v1'
      ? ['checkAndSet.required: check-and-set needs version v2 of the KV secrets engine']
      : []),
  ];
  return { errors, warnings: warnings(spec, store) };
}

/**
 * Every reference to a Secret or ServiceAccount in the spec, set or not, with its field's name: the order of `api.md`
 * 12. `caProvider` is none of them: in a ClusterSecretStore it must name its namespace.
 */
function selectors(spec: VaultSpec): readonly (readonly [string, Selector])[] {
  const auth = spec.auth;
  const all: readonly Found[] = [
    ['auth.appRole.secretRef', auth?.appRole?.secretRef],
    ['auth.appRole.roleRef', hasRoleId(auth) ? undefined : auth?.appRole?.roleRef],
    ['auth.cert.clientCert', auth?.cert?.clientCert],
    ['auth.cert.secretRef', auth?.cert?.secretRef],
    ['auth.jwt.secretRef', auth?.jwt?.secretRef],
    [
      'auth.jwt.kubernetesServiceAccountToken.serviceAccountRef',
      auth?.jwt?.secretRef === undefined ? auth?.jwt?.kubernetesServiceAccountToken?.serviceAccountRef : undefined,
    ],
    ['auth.kubernetes.serviceAccountRef', auth?.kubernetes?.serviceAccountRef],
    ['auth.kubernetes.secretRef', auth?.kubernetes?.secretRef],
    ['auth.ldap.secretRef', auth?.ldap?.secretRef],
    ['auth.userPass.secretRef', auth?.userPass?.secretRef],
    ['auth.tokenSecretRef', auth?.tokenSecretRef],
    ...cloudSelectors(auth),
    ['tls.certSecretRef', spec.tls?.certSecretRef],
    ['tls.keySecretRef', spec.tls?.keySecretRef],
  ];
  return all.flatMap(([field, selector]) => (selector === undefined ? [] : [[field, selector] as const]));
}

function cloudSelectors(auth: VaultAuth | undefined): readonly Found[] {
  const { iam, gcp } = auth ?? {};
  return [
    ['auth.iam.jwt.serviceAccountRef', iam?.jwt?.serviceAccountRef],
    ['auth.iam.secretRef.accessKeyIDSecretRef', iam?.secretRef?.accessKeyIDSecretRef],
    ['auth.iam.secretRef.secretAccessKeySecretRef', iam?.secretRef?.secretAccessKeySecretRef],
    ['auth.iam.secretRef.sessionTokenSecretRef', iam?.secretRef?.sessionTokenSecretRef],
    ['auth.gcp.secretRef.secretAccessKeySecretRef', gcp?.secretRef?.secretAccessKeySecretRef],
    ['auth.gcp.workloadIdentity.serviceAccountRef', gcp?.workloadIdentity?.serviceAccountRef],
    ['auth.gcp.serviceAccountRef', gcp?.serviceAccountRef],
  ];
}

/**
 * True when a ClusterSecretStore with this spec reads a Secret or asks for a token in the consumer's namespace: any
 * reference without a namespace makes it so (D70).
 */
export function dependsOnNamespace(spec: VaultSpec): boolean {
  return selectors(spec).some(([, selector]) => isBlank(selector.namespace));
}

function foreignNamespaces(spec: VaultSpec, own: string): string[] {
  return selectors(spec)
    .filter(([, { namespace }]) => !isBlank(namespace) && namespace !== own)
    .map(
      ([field, { namespace }]) =>
        `${field}: namespace must be empty or match the namespace of the SecretStore, "${own}", but it is "${namespace}": ` +
        `use a ClusterSecretStore, or put the object into "${own}"`,
    );
}

function missingParts(auth: VaultAuth, store: CheckedStore): string[] {
  const { appRole, jwt, kubernetes } = auth;
  const errors: string[] = [];
  if (appRole !== undefined && !hasRoleId(auth) && appRole.roleRef === undefined)
    errors.push('auth.appRole: neither roleId nor roleRef is set');
  if (jwt !== undefined && jwt.secretRef === undefined && jwt.kubernetesServiceAccountToken === undefined)
    errors.push('auth.jwt: no token source: set secretRef or kubernetesServiceAccountToken');
  if (store.kind === 'SecretStore' && kubernetes !== undefined && usesOperatorToken(kubernetes))
    errors.push(OPERATOR_TOKEN_REFUSED);
  return errors;
}

/** D71: a tenant who chooses the server could collect the operator's token there. */
export const OPERATOR_TOKEN_REFUSED =
  'auth.kubernetes: a SecretStore does not send the operator’s own token to Vault: ' +
  'set serviceAccountRef (or secretRef) to an account of this namespace, or use a ClusterSecretStore';

export function usesOperatorToken(kubernetes: NonNullable<VaultAuth['kubernetes']>): boolean {
  return kubernetes.serviceAccountRef === undefined && kubernetes.secretRef === undefined;
}

function usesOperatorIdentity(iam: VaultAuth['iam']): boolean {
  return iam?.jwt === undefined && iam?.secretRef === undefined;
}

function tlsErrors({ tls }: VaultSpec): string[] {
  const half = tls !== undefined && (tls.certSecretRef === undefined) !== (tls.keySecretRef === undefined);
  return half ? ['tls: certSecretRef and keySecretRef must be set together'] : [];
}

/** What will not work or is probably a mistake, but is admitted because the peer admits it. */
function warnings(spec: VaultSpec, store: CheckedStore): string[] {
  const methods = spec.auth === undefined ? [] : methodsOf(spec.auth);
  const [first] = methods;
  const found: string[] = [];
  if (spec.auth !== undefined && first === undefined) found.push('auth: no method is set, so nobody can log in');
  if (methods.length > 1) found.push(`auth: ${methods.join(', ')} are set; only ${first} is used`);
  if (first !== undefined && UNAVAILABLE_METHODS.has(first))
    found.push(`auth.${first}: vault auth method ${first} is not available in this build`);
  if (first === 'iam' && store.kind === 'SecretStore' && usesOperatorIdentity(spec.auth?.iam))
    found.push(
      'auth.iam: without jwt and secretRef the server named here receives a proof of the operator’s own AWS identity ' +
        '(--controller-credentials=cluster-stores-only forbids it)',
    );
  if (!URL.canParse(spec.server)) found.push('server: not a URL');
  if (store.kind === 'ClusterSecretStore' && spec.caBundle === undefined && isBlank(spec.caProvider?.namespace)) {
    if (spec.caProvider !== undefined) found.push('caProvider: a ClusterSecretStore needs its namespace');
  }
  return found;
}

function hasRoleId(auth: VaultAuth | undefined): boolean {
  return (auth?.appRole?.roleId?.trim() ?? '') !== '';
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text === '';
}
