/**
 * Is every right that the chart gives used, and is it the only one that allows what it is used for? Rights only add up, so where a
 * request was allowed by one entry alone, taking that entry away refuses the request.
 */
import type { KubeObject } from '../../src/kube/types.ts';
import type { AuditEvent } from '../real-parts/audit.ts';

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
type Role = KubeObject & { readonly rules?: readonly Rule[] };
type Binding = KubeObject & {
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
};

/** One verb on one resource, for one account. */
export interface Right {
  /** e.g. `system:serviceaccount:external-secrets:external-secrets` */
  readonly user: string;
  readonly group: string;
  /** With the subresource, e.g. `externalsecrets/status`. */
  readonly resource: string;
  readonly verb: string;
  /** Empty: all. */
  readonly names: readonly string[];
}

/** What the ServiceAccounts are given by the roles that are bound to them. */
export function rightsOf(objects: readonly KubeObject[]): readonly Right[] {
  return objects.flatMap((binding: Binding) => {
    const { roleRef, subjects = [] } = binding;
    if (roleRef === undefined) return [];
    const role: Role | undefined = objects.find(
      ({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name,
    );
    return subjects.flatMap(({ namespace = '', name }) =>
      (role?.rules ?? []).flatMap((rule) => entriesOf(rule, `system:serviceaccount:${namespace}:${name}`)),
    );
  });
}

function entriesOf(rule: Rule, user: string): readonly Right[] {
  const { apiGroups = [], resources = [], resourceNames: names = [], verbs } = rule;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ user, group, resource, verb, names }))),
  );
}

export function describeRight({ user, group, resource, verb, names }: Right): string {
  const only = names.length === 0 ? '' : ` (${names.join(', ')})`;
  return `${user.split(':').at(-1)}: ${verb} ${group === '' ? resource : `${resource}.${group}`}${only}`;
}

/** The rights that no request needed. */
export function unusedRights(rights: readonly Right[], events: readonly AuditEvent[]): readonly Right[] {
  const used = new Set<Right>();
  for (const event of events) {
    const [only, ...more] = rights.filter((right) => allows(right, event));
    if (only !== undefined && more.length === 0) used.add(only);
  }
  return rights.filter((right) => !used.has(right));
}

/** `verb resource` of requests that were refused, once each. */
export function refusals(events: readonly AuditEvent[]): readonly string[] {
  const refused = events.filter(({ annotations }) => annotations?.['authorization.k8s.io/decision'] === 'forbid');
  return [
    ...new Set(
      refused.map(({ user, verb, objectRef = {} }) => {
        const { apiGroup, resource = '' } = objectRef;
        return `${user.username.split(':').at(-1)}: ${verb} ${apiGroup === undefined ? resource : `${resource}.${apiGroup}`}`;
      }),
    ),
  ].sort();
}

function allows(right: Right, { user, verb, objectRef }: AuditEvent): boolean {
  if (objectRef === undefined || user.username !== right.user || verb !== right.verb) return false;
  // Not the namespace: tests give the accounts the same Roles in namespaces of their own.
  const { apiGroup = '', resource = '', subresource, name = '' } = objectRef;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (apiGroup !== right.group || full !== right.resource) return false;
  return right.names.length === 0 || right.names.includes(name);
}
