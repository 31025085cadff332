/**
 * The namespace rule of `providers.md` 1.9 in one pure function: where a selector of a store points to. Every read on a
 * tenant's behalf goes through it (Q07, D15).
 */
import { InvalidProviderConfigError } from '../providers/errors.ts';
import type { StoreKind } from '../providers/provider.ts';

export interface Viewpoint {
  readonly store: { readonly kind: StoreKind; readonly namespace: string; readonly name: string };
  /** The consumer's namespace; empty while a ClusterSecretStore is looked at by itself. */
  readonly namespace: string;
}

/**
 * @throws InvalidProviderConfigError when a namespaced SecretStore names another namespace, or when a ClusterSecretStore names
 * none and there is no consumer.
 */
export function selectorNamespace(view: Viewpoint, field: string, wanted: string | undefined): string {
  const { store } = view;
  if (store.kind === 'SecretStore') {
    if (wanted === undefined || wanted === '' || wanted === store.namespace) return store.namespace;
    throw new InvalidProviderConfigError(
      `${field}.namespace is "${wanted}", but SecretStore "${store.name}" may only use objects of its own namespace ` +
        `"${store.namespace}"; use a ClusterSecretStore, or create the object in "${store.namespace}" and leave ${field}.namespace out`,
    );
  }
  if (wanted !== undefined && wanted !== '') return wanted;
  if (view.namespace !== '') return view.namespace;
  throw new InvalidProviderConfigError(
    `${field}.namespace is not set, so ClusterSecretStore "${store.name}" can be checked only when an object uses it; set ${field}.namespace to check it now`,
  );
}
