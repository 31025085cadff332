/**
 * A generator's view of the cluster: the consumer's namespace and nothing else. A reference that names another namespace is refused
 * in words of its own, because here no ClusterSecretStore helps.
 */
import { InvalidProviderConfigError } from '../providers/errors.ts';
import type { ClusterAccess } from '../providers/provider.ts';

export function confined(access: ClusterAccess, generator: string, namespace: string): ClusterAccess {
  const check = (field: string, wanted: string | undefined): void => {
    if (wanted === undefined || wanted === '' || wanted === namespace) return;
    throw new InvalidProviderConfigError(
      `${field}.namespace is "${wanted}", but ${generator} uses only what is in the namespace of its consumer, "${namespace}": ` +
        `create the object there and leave ${field}.namespace out`,
    );
  };
  return {
    async secretKey(field, selector, defaultKey) {
      check(field, selector.namespace);
      return access.secretKey(field, selector, defaultKey);
    },
    async secret(field, selector) {
      check(field, selector.namespace);
      return access.secret(field, selector);
    },
    async serviceAccount(field, selector) {
      check(field, selector.namespace);
      return access.serviceAccount(field, selector);
    },
    async serviceAccountToken(field, selector, request) {
      check(field, selector.namespace);
      return access.serviceAccountToken(field, selector, request);
    },
    async certificateAuthority(field, source) {
      check(`${field}.caProvider`, source.caProvider?.namespace);
      return access.certificateAuthority(field, source);
    },
    async operatorToken(field) {
      throw new InvalidProviderConfigError(
        `${field}: a generator cannot use the operator's own token, because whoever writes the generator chooses the server that ` +
          `receives it; set serviceAccountRef to a ServiceAccount of namespace "${namespace}"`,
      );
    },
  };
}
