/**
 * What can be said about a kubernetes SecretStore without talking to anyone: `api.md` 12 and decision D78. The same
 * words are used by the admission webhook and by the controller.
 */
import type { SecretKeySelector, ServiceAccountSelector } from '../../api/selectors.ts';
import type { SpecCheck, StoreKind } from '../provider.ts';
import type { KubernetesSpec } from './spec.ts';

type Selector = SecretKeySelector | ServiceAccountSelector;

export interface CheckedStore {
  readonly kind: StoreKind;
  /** Empty for a ClusterSecretStore. */
  readonly namespace: string;
}

export function checkKubernetes(spec: KubernetesSpec, store: CheckedStore): SpecCheck {
  const errors = [
    ...caErrors(spec, store),
    ...nameless('auth.cert.clientCert', spec.auth?.cert?.clientCert, store),
    ...nameless('auth.token.bearerToken', spec.auth?.token?.bearerToken, store),
    ...(store.kind === 'SecretStore' ? foreignNamespaces(spec, store.namespace) : []),
  ];
  return { errors, warnings: warnings(spec) };
}

/** Every reference whose namespace may be left to the consumer, set ones only, with the field's name. */
function selectors(spec: KubernetesSpec): readonly (readonly [field: string, selector: Selector])[] {
  const all: readonly (readonly [string, Selector | undefined])[] = [
    ['auth.cert.clientCert', spec.auth?.cert?.clientCert],
    ['auth.cert.clientKey', spec.auth?.cert?.clientKey],
    ['auth.token.bearerToken', spec.auth?.token?.bearerToken],
    ['auth.serviceAccount', spec.auth?.serviceAccount],
    ['authRef', spec.authRef],
  ];
  return all.flatMap(([field, selector]) => (selector === undefined ? [] : [[field, selector] as const]));
}

/** True when a ClusterSecretStore with this spec looks for its credentials in the consumer's namespace (D70). */
export function dependsOnNamespace(spec: KubernetesSpec): boolean {
  return selectors(spec).some(([, { namespace }]) => isBlank(namespace));
}

/** Why `auth` and `authRef` together are of no use; undefined when exactly one of them is set. */
export function authProblem({ auth, authRef }: KubernetesSpec): string | undefined {
  if (auth !== undefined && authRef !== undefined) return 'auth and authRef exclude each other: set one of them';
  if (auth === undefined && authRef === undefined)
    return 'neither auth nor authRef is set: nobody can log in, e.g. set auth.serviceAccount';
  return undefined;
}

export const SERVER_MISSING = 'server is not set: auth needs server.url, or an empty server for this cluster';

function caErrors({ server }: KubernetesSpec, store: CheckedStore): string[] {
  const provider = server?.caProvider;
  if (provider === undefined) return [];
  if (store.kind === 'ClusterSecretStore' && isBlank(provider.namespace))
    return [`server.caProvider.namespace is missing: a ClusterSecretStore must say where ${provider.type} is`];
  if (store.kind === 'SecretStore' && !isBlank(provider.namespace))
    return [
      `server.caProvider.namespace must not be set in a SecretStore: the ${provider.type} is looked for in its own ` +
        `namespace, "${store.namespace}"`,
    ];
  return [];
}

/** The strict rule: name and key are set, and in a ClusterSecretStore the namespace as well. */
function nameless(field: string, selector: SecretKeySelector | undefined, store: CheckedStore): string[] {
  if (selector === undefined) return [];
  return [
    ...(isBlank(selector.name) ? [`${field}.name must not be empty`] : []),
    ...(isBlank(selector.key) ? [`${field}.key must not be empty`] : []),
    ...(store.kind === 'ClusterSecretStore' && isBlank(selector.namespace)
      ? [`${field}: cluster scope needs a namespace`]
      : []),
  ];
}

function foreignNamespaces(spec: KubernetesSpec, own: string): string[] {
  return selectors(spec)
    .filter(([, { namespace }]) => !isBlank(namespace) && namespace !== own)
    .map(
      ([field, { namespace }]) =>
        `${field}: namespace must be empty or match the namespace of the SecretStore, "${own}", but it is "${namespace}": ` +
        `use a ClusterSecretStore, or put the object into "${own}"`,
    );
}

/** What will not work or is probably a mistake, but is admitted because the peer admits it. */
function warnings(spec: KubernetesSpec): string[] {
  const { server, auth, authRef } = spec;
  const problem = authProblem(spec);
  const found: string[] = [];
  if (authRef === undefined && isBlank(server?.caBundle) && server?.caProvider === undefined)
    found.push('server: neither caBundle nor caProvider is set: the system’s root certificates will be used');
  if (problem !== undefined) found.push(problem);
  else if (auth !== undefined && server === undefined) found.push(SERVER_MISSING);
  return found;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text === '';
}
