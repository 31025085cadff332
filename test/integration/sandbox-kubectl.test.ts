import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectl } from '../../sandbox/kubectl.ts';

const es = {
  name: 'externalsecrets',
  singularName: 'externalsecret',
  kind: 'ExternalSecret',
  namespaced: true,
  shortNames: ['es'],
};
const object = { metadata: { name: 'db', namespace: 'shop', annotations: { 'a.b/c': 'd' } }, data: { n: 4 } };
const answers: Record<string, unknown> = {
  '/apis': { groups: [{ name: 'external-secrets.io', preferredVersion: { groupVersion: 'external-secrets.io/v1' } }] },
  '/api/v1': { resources: [] },
  '/apis/external-secrets.io/v1': { resources: [es, { ...es, name: 'externalsecrets/status' }] },
  '/apis/external-secrets.io/v1/namespaces/shop/externalsecrets/db': object,
  '/apis/external-secrets.io/v1/externalsecrets': {
    columnDefinitions: [{ name: 'Name' }, { name: 'Store', priority: 1 }, { name: 'Ready', priority: 0 }],
    rows: [
      { cells: ['db', 'vault', 'True'], object },
      { cells: ['other-name', 'sm', undefined], object },
    ],
  },
};
const asked: string[] = [];
const fetch = async (path: string, accept: string): Promise<unknown> => {
  asked.push(`${path} ${accept.includes('as=Table') ? 'table' : 'json'}`);
  const missing = { kind: 'Status', status: 'Failure', reason: 'NotFound', message: `${path} not found` };
  return answers[path] ?? missing;
};

test('rows are aligned under upper-case heads, columns of lower priority only in wide', async () => {
  assert.equal(
    await kubectl(fetch, ['get', 'es', '-A']),
    'NAMESPACE   NAME         READY\nshop        db           True\nshop        other-name   <none>\n',
  );
  assert.match(await kubectl(fetch, ['get', 'ExternalSecret', '-A', '-o', 'wide']), /^NAMESPACE +NAME +STORE +READY\n/);
  assert.equal(asked.at(-1), '/apis/external-secrets.io/v1/externalsecrets table');
});

test('one object is printed as name, JSON or by a plain JSON path', async () => {
  const get = (output: string) =>
    kubectl(fetch, ['get', 'externalsecrets.external-secrets.io/db', '-n', 'shop', '-o', output]);
  assert.equal(await get('name'), 'externalsecret.external-secrets.io/db\n');
  assert.deepEqual(JSON.parse(await get('json')), object);
  assert.equal(await get(String.raw`jsonpath={.metadata.annotations.a\.b/c}`), 'd');
  assert.equal(await get('jsonpath={.data.n}'), '4');
});

test('what the server or this kubectl does not have is refused by name', async () => {
  await assert.rejects(
    kubectl(fetch, ['get', 'es', 'x', '-n', 'shop']),
    /Error from server \(NotFound\): .*x not found/,
  );
  await assert.rejects(kubectl(fetch, ['get', 'pods']), /doesn't have a resource type "pods"/);
  await assert.rejects(kubectl(fetch, ['logs', 'x']), /kubectl logs is not there in the sandbox/);
});
