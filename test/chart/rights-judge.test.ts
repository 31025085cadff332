/** Takes each right out of the roles that the chart renders, one at a time, and lets the judge look at the requests of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/kube/types.ts';
import { chartRights, chartRoles, rolesIn } from '../integration/chart-rights.ts';
import type { AuditEvent } from '../real-parts/audit.ts';
import { judgeRefusals, judgeRights } from './rights-judge.ts';
import { describe, rightsOf, type Right, type Role, withoutEntry } from './rights.ts';

const CONTROLLER = 'system:serviceaccount:external-secrets:external-secrets';
const roles = chartRoles();

type Request = Pick<Right, 'user' | 'verb' | 'group' | 'resource' | 'name'> & { readonly namespace: string };

/** One request for each right: what a run would be that needs all of them. */
const requests: readonly Request[] = rightsOf(roles).map((right) => ({
  ...right,
  namespace: right.namespace ?? 'shop',
}));

/** As an API server with these roles writes it down. Of finalizers only that a write was refused is ever written down. */
function logged({ user, verb, group, resource, name, namespace }: Request, objects: readonly KubeObject[]): AuditEvent {
  if (resource.endsWith('/finalizers')) return refusedOwner(user, resource);
  const given = rightsOf(objects).find(
    (right) =>
      right.user === user &&
      right.verb === verb &&
      right.group === group &&
      right.resource === resource &&
      (right.name ?? name) === name &&
      (right.namespace ?? namespace) === namespace,
  );
  const [plural = '', subresource] = resource.split('/');
  const [kind, role] = given?.role.split(' ') ?? [];
  return {
    user: { username: user },
    verb,
    objectRef: {
      apiGroup: group,
      resource: plural,
      namespace,
      ...(subresource === undefined ? {} : { subresource }),
      ...(name === undefined ? {} : { name }),
    },
    annotations: {
      'authorization.k8s.io/decision': given === undefined ? 'forbid' : 'allow',
      'authorization.k8s.io/reason':
        given === undefined
          ? ''
          : `RBAC: allowed by ${kind}Binding "${role}" of ${kind} "${role}" to ServiceAccount "x"`,
    },
    responseStatus: { code: given === undefined ? 403 : 200 },
  };
}

const CHILDREN: Readonly<Record<string, string>> = {
  'externalsecrets/finalizers': 'secrets',
  'clusterexternalsecrets/finalizers': 'externalsecrets',
  'clusterpushsecrets/finalizers': 'pushsecrets',
};

/** RBAC lets the child be written, admission does not. */
function refusedOwner(user: string, resource: string): AuditEvent {
  const message =
    'is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can’t set …';
  const apiGroup = CHILDREN[resource] === 'secrets' ? '' : 'external-secrets.io';
  return {
    user: { username: user },
    verb: 'create',
    objectRef: { apiGroup, resource: CHILDREN[resource]!, namespace: 'shop', name: 'db' },
    annotations: { 'authorization.k8s.io/decision': 'allow' },
    responseStatus: { code: 403, message },
  };
}

function judged(objects: readonly KubeObject[], asked = requests): readonly string[] {
  return judgeRights(
    rightsOf(objects),
    asked.map((request) => logged(request, objects)),
  );
}

/** The roles without that one right. */
function without(objects: readonly KubeObject[], right: Right): readonly KubeObject[] {
  return objects.map((object: Role) => {
    const { kind, metadata, rules = [] } = object;
    if (`${kind} ${metadata.name}` !== right.role || metadata.namespace !== right.namespace) return object;
    return { ...object, rules: withoutEntry(rules, right) } as KubeObject;
  });
}

test('roles that give what is asked, and nothing else, are right', () => {
  assert.ok(requests.length > 80);
  assert.deepEqual(judged(roles), []);
});

for (const [index, right] of rightsOf(roles).entries()) {
  const what = describe(right);
  test(`taken away, it is missed: ${what}`, () => {
    const [found = '', ...more] = judged(without(roles, right));
    assert.equal(found.slice(0, `refused: ${what}`.length), `refused: ${what}`);
    assert.deepEqual(more, []);
  });
  test(`nobody needs it, so it must go: ${what}`, () => {
    const [found = '', ...more] = judged(roles, requests.toSpliced(index, 1));
    const wanted = `not needed: ${what} by ${right.role}; no request`;
    assert.equal(found.slice(0, wanted.length), wanted);
    assert.deepEqual(more, []);
  });
}

test('a right that two rules give is needed from neither', () => {
  const [role] = roles as readonly Role[];
  const again = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };
  const twice = [{ ...role!, rules: [...role!.rules!, again] } as KubeObject, ...roles.slice(1)];
  const found = judged(twice);
  assert.equal(found.length, 2);
  for (const each of found)
    assert.match(each, /^not needed: external-secrets: get secrets by .*; what it allowed .*too: keep one/);
});

test('a request that another role allowed shows nothing about ours', () => {
  const events = requests.map((request) => logged(request, roles));
  const elsewhere = events.map((event) => ({
    ...event,
    annotations: {
      ...event.annotations,
      'authorization.k8s.io/reason':
        'RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "cluster-admin" to Group "y"',
    },
  }));
  assert.deepEqual(judgeRights(rightsOf(roles), events), []);
  assert.ok(judgeRights(rightsOf(roles), elsewhere).length > 80);
});

test('a refusal of what the chart allows is none of its faults: the right was taken away, or came a moment late', () => {
  const bare = roles.filter(({ kind }) => !kind!.endsWith('Binding'));
  const refused = requests.map((request) => logged(request, bare));
  assert.deepEqual(judgeRefusals(rightsOf(roles), refused), []);
});

test('what a Role gives is given in its own namespace only, and where the tests put it', () => {
  const own: Request = {
    user: 'system:serviceaccount:external-secrets:external-secrets-webhook',
    verb: 'watch',
    group: '',
    resource: 'secrets',
    name: 'external-secrets-webhook',
    namespace: 'external-secrets',
  };
  const other = { ...own, namespace: 'elsewhere' };
  const refused = logged(other, roles);
  const found = judgeRefusals(rightsOf(roles), [refused]);
  assert.match(found.join(), /^refused: .*watch secrets \(external-secrets-webhook\) in namespace elsewhere; no rule/);
  const allowed = { ...logged(own, roles), objectRef: refused.objectRef! };
  assert.deepEqual(judgeRefusals(rightsOf(roles), [refused, allowed]), []);
});

test('a refused path that is no resource is told, and what other accounts ask does not matter', () => {
  const request = { verb: 'get', annotations: { 'authorization.k8s.io/decision': 'forbid' }, requestURI: '/logs?a=b' };
  const by = (username: string): AuditEvent => ({ ...request, user: { username } });
  const events = [by(CONTROLLER), by('system:serviceaccount:shop:external-secrets')];
  const found = judgeRefusals(rightsOf(roles), events);
  assert.equal(found.length, 1);
  assert.match(found[0]!, /^refused: external-secrets: get \/logs; no rule/);
});

test('each flag that takes more rights takes these and no others, beside the usual ones', () => {
  const usual = new Set(rightsOf(roles).map(describe));
  const more = chartRights().filter((right) => !usual.has(describe(right)));
  const reviews = ['tokenreviews.authentication.k8s.io', 'subjectaccessreviews.authorization.k8s.io'];
  assert.deepEqual(
    more.map(describe).toSorted(),
    [
      ...['create', 'delete', 'patch', 'update'].map((verb) => `external-secrets: ${verb} configmaps`),
      ...['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'].map(
        (verb) => `external-secrets: ${verb} gateways.manifest-test.example.org`,
      ),
      ...['external-secrets', 'external-secrets-cert-controller', 'external-secrets-webhook'].flatMap((account) =>
        reviews.map((review) => `${account}: create ${review}`),
      ),
    ].toSorted(),
  );
  assert.equal(chartRights().length, requests.length + more.length);
});

test('with Roles only the chart gives nothing that it does not give by default', () => {
  const usual = new Set(rightsOf(roles).map(describe));
  const scoped = rightsOf(rolesIn('rbac-scoped.yaml')).map(describe);
  assert.ok(scoped.length > 40);
  assert.deepEqual(
    scoped.filter((right) => !usual.has(right)),
    [],
  );
});
