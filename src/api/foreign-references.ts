/**
 * A namespaced SecretStore may use only what is in its own namespace (Q07). This finds the references that name another
 * one, anywhere in the settings of a provider.
 */

/**
 * One sentence per reference to another namespace than `namespace`. A reference is an object with a `namespace` beside
 * a `name` or a `key`; that is how all selectors look, and no other setting of a built provider does.
 */
export function foreignReferences(value: unknown, path: string, namespace: string): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => foreignReferences(item, `${path}[${i}]`, namespace));
  }
  if (typeof value !== 'object' || value === null) return [];
  const members = Object.entries(value).flatMap(([name, member]) =>
    foreignReferences(member, `${path}.${name}`, namespace),
  );
  return [...ownProblem(value, path, namespace), ...members];
}

interface Reference {
  readonly name?: unknown;
  readonly key?: unknown;
  readonly namespace?: unknown;
  readonly type?: unknown;
}

function ownProblem(reference: Reference, path: string, namespace: string): readonly string[] {
  const named = typeof reference.name === 'string' || typeof reference.key === 'string';
  if (!named || typeof reference.namespace !== 'string' || reference.namespace === namespace) return [];
  return [
    `${path}.namespace is ${JSON.stringify(reference.namespace)}, but a SecretStore uses only what is in its own namespace ` +
      `"${namespace}": make it a ClusterSecretStore, or create the ${kindOf(reference, path)} in namespace "${namespace}" ` +
      'and leave the field out',
  ];
}

function kindOf(reference: Reference, path: string): string {
  if (/serviceAccount(Ref)?$/i.test(path)) return 'ServiceAccount';
  return reference.type === 'ConfigMap' ? 'ConfigMap' : 'Secret';
}
