/**
 * What can be said about an AWS SecretStore without talking to anyone: `api.md` 12. The same words are used by the
 * admission webhook and by the controller.
 */
import type { SecretKeySelector, ServiceAccountSelector } from '../../api/selectors.ts';
import type { SpecCheck, StoreKind } from '../provider.ts';
import type { AwsSpec } from './spec.ts';

type Selector = SecretKeySelector | ServiceAccountSelector;

export function checkAws(spec: AwsSpec, store: { readonly kind: StoreKind; readonly namespace: string }): SpecCheck {
  const foreign = store.kind === 'SecretStore' ? foreignNamespaces(spec, store.namespace) : [];
  const errors = [...regionErrors(spec), ...deletionErrors(spec), ...foreign];
  const warnings =
    spec.service === 'CertificateManager'
      ? ['service: CertificateManager is not available in this build; the store will not become ready']
      : [];
  return { errors, warnings };
}

/** D70: any credential without a namespace, or a tag that carries the consumer's namespace. */
export function dependsOnNamespace(spec: AwsSpec): boolean {
  const tagged = hasRole(spec) && (spec.sessionTagsPolicy === 'Simple' || spec.sessionTagsPolicy === 'Custom');
  return tagged || usedSelectors(spec).some(([, { namespace }]) => namespace === undefined || namespace === '');
}

/** Selectors that opening a session resolves: `jwt` goes before `secretRef`. */
function usedSelectors(spec: AwsSpec): readonly (readonly [string, Selector])[] {
  const all = selectors(spec);
  const jwt = all.filter(([field]) => field.startsWith('auth.jwt'));
  return jwt.length > 0 ? jwt : all;
}

function selectors({ auth }: AwsSpec): readonly (readonly [string, Selector])[] {
  const found: readonly (readonly [string, Selector | undefined])[] = [
    ['auth.secretRef.accessKeyIDSecretRef', auth?.secretRef?.accessKeyIDSecretRef],
    ['auth.secretRef.secretAccessKeySecretRef', auth?.secretRef?.secretAccessKeySecretRef],
    ['auth.secretRef.sessionTokenSecretRef', auth?.secretRef?.sessionTokenSecretRef],
    ['auth.jwt.serviceAccountRef', auth?.jwt?.serviceAccountRef],
  ];
  return found.flatMap(([field, selector]) => (selector === undefined ? [] : [[field, selector] as const]));
}

function hasRole({ role }: AwsSpec): boolean {
  return role !== undefined && role !== '';
}

/** The peer accepts any region that makes a host name. */
function regionErrors({ region }: AwsSpec): readonly string[] {
  return /^[^\s?#@:\\[\]%]*$/.test(region) ? [] : [`region ${JSON.stringify(region)} makes no valid host name`];
}

function deletionErrors({ secretsManager }: AwsSpec): readonly string[] {
  const days = secretsManager?.recoveryWindowInDays ?? 0;
  const force = secretsManager?.forceDeleteWithoutRecovery === true;
  return [
    ...(days !== 0 && (days < 7 || days > 30) ? ['secretsManager.recoveryWindowInDays must be between 7 and 30'] : []),
    ...(days !== 0 && force
      ? ['secretsManager: forceDeleteWithoutRecovery and recoveryWindowInDays exclude each other']
      : []),
  ];
}

function foreignNamespaces(spec: AwsSpec, own: string): readonly string[] {
  return selectors(spec)
    .filter(([, { namespace }]) => namespace !== undefined && namespace !== '' && namespace !== own)
    .map(([field, { namespace }]) => `${field}.namespace is "${namespace}": it must be empty or match "${own}"`);
}
