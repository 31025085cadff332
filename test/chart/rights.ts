/**
 * What the chart's roles allow, one verb on one thing at a time, and what the audit log says was asked. Rights only add up, so a request
 * that one entry alone allows is refused when that entry is taken away.
 */
import type { KubeObject } from '../../src/kube/types.ts';
import type { AuditEvent } from '../real-parts/audit.ts';

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
export type Role = KubeObject & { readonly rules?: readonly Rule[] };
type Binding = KubeObject & {
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
};

/** One verb on one resource, or on the one object of that name, for one account. */
export interface Right {
  /** Kind and name, e.g. `Role external-secrets-webhook`. */
  readonly role: string;
  /** e.g. `system:serviceaccount:external-secrets:external-secrets` */
  readonly user: string;
  /** Undefined: in all namespaces. */
  readonly namespace: string | undefined;
  readonly group: string;
  /** With the subresource, e.g. `externalsecrets/status`. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined: all. */
  readonly name: string | undefined;
}

/** What an account asked for, and what RBAC said. */
export interface Question {
  readonly user: string;
  readonly namespace: string | undefined;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string | undefined;
  readonly isAllowed: boolean;
  /** In the API server's words, e.g. `RBAC: allowed by RoleBinding "a/b" of Role "a" to ServiceAccount "c/b"`. */
  readonly reason: string;
}

/** What the ServiceAccounts are given by the roles that are bound to them. A right that two rules give is there twice. */
export function rightsOf(objects: readonly KubeObject[]): readonly Right[] {
  return objects.flatMap((binding: Binding) => {
    const { roleRef, subjects = [] } = binding;
    if (roleRef === undefined) return [];
    const role: Role | undefined = objects.find(
      ({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name,
    );
    const common = { role: `${roleRef.kind} ${roleRef.name}`, namespace: binding.metadata.namespace };
    return subjects.flatMap(({ namespace = '', name }) => {
      const user = `system:serviceaccount:${namespace}:${name}`;
      return (role?.rules ?? []).flatMap(entriesOf).map((entry) => ({ ...common, user, ...entry }));
    });
  });
}

/** A right, whoever has it. */
export type Entry = Pick<Right, 'group' | 'resource' | 'verb' | 'name'>;

function entriesOf({ apiGroups = [], resources = [], resourceNames = [], verbs }: Rule): readonly Entry[] {
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.flatMap((verb) => names.map((name) => ({ group, resource, verb, name })))),
  );
}

/** The rules without that one right. */
export function withoutEntry(rules: readonly Rule[], { group, resource, verb, name }: Entry): readonly Rule[] {
  const isIt = (entry: Entry): boolean =>
    entry.group === group && entry.resource === resource && entry.verb === verb && entry.name === name;
  return rules.flatMap((rule) => {
    const entries = entriesOf(rule);
    return entries.some(isIt) ? entries.filter((entry) => !isIt(entry)).map(ruleOf) : [rule];
  });
}

function ruleOf({ group, resource, verb, name }: Entry): Rule {
  const names = name === undefined ? {} : { resourceNames: [name] };
  return { apiGroups: [group], resources: [resource], verbs: [verb], ...names };
}

/** The rights of two renderings of one chart: what only the second gives is added, also where it gives something again. */
export function withRightsOf(first: readonly Right[], second: readonly Right[]): readonly Right[] {
  const left = new Map<string, number>();
  for (const right of first) left.set(JSON.stringify(right), (left.get(JSON.stringify(right)) ?? 0) + 1);
  const added = second.filter((right) => {
    const count = left.get(JSON.stringify(right)) ?? 0;
    left.set(JSON.stringify(right), count - 1);
    return count <= 0;
  });
  return [...first, ...added];
}

/** The account and what it may do or asked for, e.g. `external-secrets-webhook: watch secrets (external-secrets-webhook)`. */
export function describe(right: Entry & { readonly user: string }): string {
  const { user, verb, group, resource, name } = right;
  const only = name === undefined ? '' : ` (${name})`;
  return `${user.split(':').at(-1)}: ${verb} ${group === '' ? resource : `${resource}.${group}`}${only}`;
}

export function questionOf({ user, verb, objectRef = {}, annotations = {}, requestURI = '' }: AuditEvent): Question {
  const { apiGroup: group = '', resource, subresource, namespace, name } = objectRef;
  const path = requestURI.split('?')[0] ?? '';
  return {
    user: user.username,
    namespace: namespace === '' ? undefined : namespace,
    group,
    resource: subresource === undefined ? (resource ?? path) : `${resource}/${subresource}`,
    verb,
    name: name === '' ? undefined : name,
    isAllowed: annotations['authorization.k8s.io/decision'] === 'allow',
    reason: annotations['authorization.k8s.io/reason'] ?? '',
  };
}

/** Does the right cover what was asked? Not looked at: in which namespace. */
export function covers(right: Right, question: Question): boolean {
  if (right.user !== question.user || right.verb !== question.verb) return false;
  if (right.group !== question.group || right.resource !== question.resource) return false;
  return right.name === undefined || right.name === question.name;
}

/** `verb resource` of requests that were refused, once each. */
export function refusals(events: readonly AuditEvent[]): readonly string[] {
  const refused = events.map(questionOf).filter(({ isAllowed }) => !isAllowed);
  return [...new Set(refused.map((question) => describe({ ...question, name: undefined })))].sort();
}
