/**
 * What can be said about a gitlab SecretStore without talking to anyone. The same words are used by the admission
 * webhook and by the controller.
 */
import type { SpecCheck, StoreKind } from '../provider.ts';
import type { GitlabSpec } from './spec.ts';

interface CheckedStore {
  readonly kind: StoreKind;
  /** Empty for a ClusterSecretStore. */
  readonly namespace: string;
}

export function checkGitlab(spec: GitlabSpec, store: CheckedStore): SpecCheck {
  return {
    errors: [...tokenErrors(spec, store), ...sourceErrors(spec), ...caErrors(spec, store)],
    warnings: spec.url?.startsWith('http://') === true ? ['url: the token is sent without encryption: use https'] : [],
  };
}

/** True when a ClusterSecretStore with this spec looks for its token in the consumer's namespace (D70). */
export function dependsOnNamespace({ auth }: GitlabSpec): boolean {
  return isBlank(auth.SecretRef.accessToken?.namespace);
}

function tokenErrors({ auth }: GitlabSpec, store: CheckedStore): string[] {
  const field = 'auth.SecretRef.accessToken';
  const token = auth.SecretRef.accessToken;
  const errors = [];
  if (isBlank(token?.name)) errors.push(`${field}.name must not be empty`);
  if (isBlank(token?.key)) errors.push(`${field}.key must not be empty`);
  const namespace = token?.namespace;
  if (store.kind === 'SecretStore' && !isBlank(namespace) && namespace !== store.namespace)
    errors.push(
      `${field}: namespace must be empty or match the namespace of the SecretStore, "${store.namespace}", but it is ` +
        `"${namespace}": use a ClusterSecretStore, or put the Secret into "${store.namespace}"`,
    );
  return errors;
}

/** Why the spec names no variables, or names them in two ways. */
export function sourceErrors({ projectID, groupIDs = [], inheritFromGroups }: GitlabSpec): string[] {
  const errors = [];
  if (isBlank(projectID) && groupIDs.length === 0)
    errors.push('neither projectID nor groupIDs is set: there is nothing to read from');
  if (inheritFromGroups === true && groupIDs.length > 0)
    errors.push('inheritFromGroups and groupIDs exclude each other: set one of them');
  if (inheritFromGroups === true && isBlank(projectID))
    errors.push('inheritFromGroups needs projectID: the groups are those of the project');
  if (groupIDs.some(isBlank)) errors.push('groupIDs must not hold an empty text');
  return errors;
}

function caErrors({ caProvider }: GitlabSpec, store: CheckedStore): string[] {
  if (caProvider === undefined) return [];
  if (store.kind === 'ClusterSecretStore' && isBlank(caProvider.namespace))
    return [`caProvider.namespace is missing: a ClusterSecretStore must say where ${caProvider.type} is`];
  const foreign = store.kind === 'SecretStore' && !isBlank(caProvider.namespace);
  return foreign && caProvider.namespace !== store.namespace
    ? [`caProvider: namespace must be empty or match the namespace of the SecretStore, "${store.namespace}"`]
    : [];
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text === '';
}
