/** What a store, and the templates of an ExternalSecret, need of other objects. Pure. */
import type { ExternalSecret } from '../../api/external-secret.ts';
import { objectReferences, type ObjectReference } from '../../api/object-references.ts';
import { providerName } from '../../api/secret-store-checks.ts';
import { identityOf, type StoreObject, type StoreRef } from '../../controllers/store-gate.ts';
import { providers } from '../../providers/registry.ts';
import { selectorNamespace } from '../../tenancy/selector-namespace.ts';
import type { Need } from './needed-objects.ts';

/**
 * Secrets, ConfigMaps and ServiceAccounts that the provider's settings name, as a consumer in `namespace` would find them. References that
 * the tenancy rules refuse are left out: the store's own checks name them.
 */
export function credentialsOf(ref: StoreRef, store: StoreObject, namespace: string): readonly Need[] {
  const name = providerName(store);
  const provider = providers.find((each) => each.name === name);
  if (provider === undefined) return [];
  const view = { store: identityOf(store, ref.kind), namespace };
  const found = objectReferences(provider.spec, store.spec?.provider[provider.name], `spec.provider.${provider.name}`);
  return found.flatMap((reference) =>
    resolved(reference, () => selectorNamespace(view, reference.field, reference.namespace)),
  );
}

function resolved(reference: ObjectReference, namespace: () => string): readonly Need[] {
  try {
    return [{ ...reference, namespace: namespace() }];
  } catch {
    return [];
  }
}

/** ConfigMaps and Secrets that hold templates. */
export function templateSourcesOf(es: ExternalSecret): readonly Need[] {
  const namespace = es.metadata.namespace ?? '';
  return (es.spec?.target.template?.templateFrom ?? []).flatMap(({ configMap, secret }, index) => {
    const field = `spec.target.template.templateFrom[${index}]`;
    return [
      ...(configMap?.items ?? []).map(({ key }) => ({
        kind: 'ConfigMap' as const,
        name: configMap?.name ?? '',
        namespace,
        key,
        field: `${field}.configMap`,
      })),
      ...(secret?.items ?? []).map(({ key }) => ({
        kind: 'Secret' as const,
        name: secret?.name ?? '',
        namespace,
        key,
        field: `${field}.secret`,
      })),
    ];
  });
}
