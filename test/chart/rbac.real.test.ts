/**
 * The rights of all three processes as Helm renders them, for people to read in a review: a change of the chart's rules shows up as
 * a change of these files. The integration tests on the real parts run the operator with exactly the first of them.
 *
 * `UPDATE_GOLDEN=1 npm run test:e2e -- test/chart/rbac.real.test.ts` writes them anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KubeObject } from '../../src/kube/types.ts';
import { VERSION } from '../../src/version.ts';
import { readDescription } from '../real-parts/description.ts';
import { Helm, nested, objectsIn, type Values } from './helm.ts';

const parts = readDescription();
const TEMPLATES = ['rbac.yaml', 'webhook-rbac.yaml', 'cert-controller-rbac.yaml'];
/** The custom kind that `test/integration/manifest-targets.test.ts` writes. */
const GATEWAYS = { group: 'manifest-test.example.org', plural: 'gateways' };
const AUTHORIZED = { listen: { secure: { enabled: true }, auth: { enabled: true } } };
const SETS: Readonly<Record<string, Values>> = {
  'rbac.yaml': {},
  'rbac-scoped.yaml': { scopedRBAC: true, scopedNamespace: 'shop' },
  'rbac-metrics-auth.yaml': {
    metrics: AUTHORIZED,
    webhook: { metrics: AUTHORIZED },
    certController: { metrics: AUTHORIZED },
  },
  'rbac-generic-targets.yaml': {
    genericTargets: {
      enabled: true,
      resources: [
        {
          apiGroup: GATEWAYS.group,
          resources: [GATEWAYS.plural],
          verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
        },
      ],
    },
  },
};

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}
type Role = KubeObject & { readonly rules?: readonly Rule[] };

function golden(name: string): string {
  return join(import.meta.dirname, 'golden', name);
}

/** A release changes nothing here. Helm 3 and 4 leave different blank lines. */
function withoutVersion(text: string): string {
  return text
    .replaceAll(VERSION, '0.0.0')
    .replaceAll(/\n+(?=\n|$)/g, '')
    .trim();
}

for (const [name, values] of Object.entries(SETS)) {
  for (const major of [3, 4] as const) {
    test(`golden/${name} is what Helm ${major} renders`, async () => {
      const helm = new Helm(parts.helm[major]);
      const rendered = withoutVersion(await helm.text({ values, only: TEMPLATES }));
      if (process.env['UPDATE_GOLDEN'] === '1' && major === 3) writeFileSync(golden(name), `${rendered}\n`);
      assert.deepEqual(objectsIn(rendered), objectsIn(readFileSync(golden(name), 'utf8')));
    });
  }
}

test('no role is handed to users that names Secrets', async () => {
  const roles = (await new Helm(parts.helm[3]).render({ only: ['rbac.yaml'] })) as readonly Role[];
  const forUsers = roles.filter(({ metadata }) => /-(view|edit|servicebindings)$/.test(metadata.name ?? ''));
  assert.equal(forUsers.length, 3);
  for (const { rules = [] } of forUsers) {
    for (const { apiGroups = [] } of rules)
      assert.ok(apiGroups.every((group) => group.endsWith('external-secrets.io')));
  }
});

test('under scopedRBAC the controller has Roles only', async () => {
  const values = nested({ scopedRBAC: true, scopedNamespace: 'shop', 'rbac.servicebindings.create': false });
  const rendered = await new Helm(parts.helm[3]).render({ values, only: ['rbac.yaml'] });
  assert.deepEqual(rendered.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`).toSorted(), [
    'Role external-secrets/external-secrets-leaderelection',
    'Role shop/external-secrets-controller',
    'Role shop/external-secrets-edit',
    'Role shop/external-secrets-view',
    'RoleBinding external-secrets/external-secrets-leaderelection',
    'RoleBinding shop/external-secrets-controller',
  ]);
});
