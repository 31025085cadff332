/**
 * May we read Secrets there? Asked without reading one (`api.md` 4.6): first which rules apply to us, and if none of
 * them says so, directly.
 */
import { PermissionDeniedError, ValidityUnknownError } from '../errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts';
import type { Validity } from '../provider.ts';
import type { KubernetesClient } from './client.ts';

const REVIEWS = ['apis', 'authorization.k8s.io', 'v1'] as const;

/**
 * @throws PermissionDeniedError naming verb, resource and namespace; ValidityUnknownError when we may not ask such questions;
 * and what the client throws.
 */
export async function reviewAccess(
  client: KubernetesClient,
  who: string,
  namespace: string,
  signal: AbortSignal,
): Promise<Validity> {
  try {
    if (await rulesAllow(client, namespace, signal)) return 'Ready';
    if (await isAllowed(client, namespace, signal)) return 'Ready';
  } catch (error) {
    // The questions may be closed to us while reading is not.
    if (!(error instanceof PermissionDeniedError)) throw error;
    throw new ValidityUnknownError(`cannot be checked before something is read: ${error.message}`, { cause: error });
  }
  throw new PermissionDeniedError(
    `Kubernetes at ${client.host}: ${who} may not get secrets in namespace "${namespace}": ` +
      'bind it to a role with verb "get" on secrets there',
    { code: '403' },
  );
}

async function rulesAllow(client: KubernetesClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  const status = await review(client, 'SelfSubjectRulesReview', { namespace }, signal);
  const rules = status?.get('resourceRules');
  return isJsonArray(rules) && rules.some((rule) => isJsonObject(rule) && coversReading(rule));
}

async function isAllowed(client: KubernetesClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  const resourceAttributes = { namespace, verb: 'get', resource: 'secrets' };
  const status = await review(client, 'SelfSubjectAccessReview', { resourceAttributes }, signal);
  return status?.get('allowed') === true;
}

async function review(
  client: KubernetesClient,
  kind: 'SelfSubjectRulesReview' | 'SelfSubjectAccessReview',
  spec: object,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  const resource = `${kind.toLowerCase()}s`;
  const answer = await client.send(
    {
      call: `Create${kind}`,
      asked: { verb: 'create', resource },
      path: [...REVIEWS, resource],
      body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, spec }),
    },
    signal,
  );
  const status = answer.get('status');
  return isJsonObject(status) ? status : undefined;
}

function coversReading(rule: JsonObject): boolean {
  return (
    names(rule.get('verbs'), 'get') &&
    names(rule.get('resources'), 'secrets') &&
    (isUnset(rule.get('apiGroups')) || names(rule.get('apiGroups'), ''))
  );
}

function names(list: JsonValue | undefined, wanted: string): boolean {
  return isJsonArray(list) && (list.includes(wanted) || list.includes('*'));
}

function isUnset(list: JsonValue | undefined): boolean {
  return !isJsonArray(list) || list.length === 0;
}
