/**
 * What can be said about a webhook SecretStore without talking to anyone. The peer checks nothing here, so what is
 * merely of no use gives a warning; a reference into another tenant's namespace is refused.
 */
import { durationProblem } from '../../api/duration.ts';
import type { SecretKeySelector } from '../../api/selectors.ts';
import type { SpecCheck, StoreKind } from '../provider.ts';
import type { WebhookSpec } from './spec.ts';
import { usesMember } from './template-use.ts';

export interface CheckedStore {
  readonly kind: StoreKind;
  /** Empty for a ClusterSecretStore. */
  readonly namespace: string;
}

export const NTLM_UNAVAILABLE = 'auth.ntlm is not available in this build';

export function checkWebhook(spec: WebhookSpec, store: CheckedStore): SpecCheck {
  const errors = store.kind === 'SecretStore' ? foreignNamespaces(spec, store.namespace) : [];
  return { errors, warnings: warnings(spec, store) };
}

/**
 * True when a ClusterSecretStore with this spec asks differently for each namespace, because a template names it.
 * Secrets always say their namespace there, so they do not matter.
 */
export function dependsOnNamespace(spec: WebhookSpec): boolean {
  return usesMember(spec, 'namespace');
}

/** Every reference to an object, with the field's name. */
export function selectors(spec: WebhookSpec): readonly (readonly [field: string, selector: SecretKeySelector])[] {
  const { ntlm } = spec.auth ?? {};
  return [
    ...(spec.secrets ?? []).map(({ secretRef }, index) => [`secrets[${index}].secretRef`, secretRef] as const),
    ...(ntlm === undefined
      ? []
      : [
          ['auth.ntlm.usernameSecret', ntlm.usernameSecret] as const,
          ['auth.ntlm.passwordSecret', ntlm.passwordSecret] as const,
        ]),
  ];
}

/** Why a reference of a ClusterSecretStore cannot be followed: there is no consumer's namespace for it. */
export function withoutNamespace(spec: WebhookSpec): readonly string[] {
  return selectors(spec)
    .filter(([, { namespace }]) => isBlank(namespace))
    .map(([field]) => `${field}.namespace is missing: in a ClusterSecretStore every Secret of a webhook needs it`);
}

function foreignNamespaces(spec: WebhookSpec, own: string): string[] {
  const ca = spec.caProvider === undefined ? [] : [['caProvider', spec.caProvider] as const];
  return [...selectors(spec), ...ca]
    .filter(([, { namespace }]) => !isBlank(namespace) && namespace !== own)
    .map(
      ([field, { namespace }]) =>
        `${field}: namespace must be empty or match the namespace of the SecretStore, "${own}", but it is "${namespace}": ` +
        `use a ClusterSecretStore, or put the object into "${own}"`,
    );
}

function warnings(spec: WebhookSpec, store: CheckedStore): string[] {
  const found = [...durationProblem('timeout', spec.timeout)];
  if (store.kind === 'ClusterSecretStore') found.push(...withoutNamespace(spec));
  const isNowhere = spec.caProvider !== undefined && isBlank(spec.caProvider.namespace);
  if (store.kind === 'ClusterSecretStore' && isBlank(spec.caBundle) && isNowhere)
    found.push('caProvider: a ClusterSecretStore needs its namespace');
  if (spec.auth?.ntlm !== undefined) found.push(NTLM_UNAVAILABLE);
  return found;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text === '';
}
