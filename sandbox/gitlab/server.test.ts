/** The emulator says what GitLab's API reference says. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManualClock } from '../../test/builders/manual-clock.ts';
import { startGitlab, type SandboxGitlab } from './server.ts';

const clock = new ManualClock();
let gitlab: SandboxGitlab;
let id = 0;

before(async () => {
  gitlab = await startGitlab({ clock });
  gitlab.addGroup('shop');
  id = gitlab.addProject('shop/backend');
  gitlab.setToken('glpat-1', { roles: { shop: 'Owner' }, expiresAt: clock.now() + 1000 * 3600 });
  for (let n = 0; n < 130; n++) gitlab.setVariable('shop/backend', `KEY_${n}`, `${n}`);
  gitlab.setVariable('shop/backend', 'TWICE', 'p', { scope: 'production' });
  gitlab.setVariable('shop/backend', 'TWICE', 's', { scope: 'staging' });
});
after(() => gitlab.stop());

function get(path: string, headers: Readonly<Record<string, string>> = { 'PRIVATE-TOKEN': 'glpat-1' }) {
  return fetch(`${gitlab.url}/api/v4/${path}`, { headers, redirect: 'manual' });
}

test('a list has 20 entries by default and at most 100, and says where the next page is', async () => {
  const first = await get('projects/shop%2Fbackend/variables');
  assert.equal(((await first.json()) as unknown[]).length, 20);
  const large = await get('projects/shop%2Fbackend/variables?per_page=500');
  assert.equal(((await large.json()) as unknown[]).length, 100);
  assert.equal(large.headers.get('x-next-page'), '2');
  assert.equal(large.headers.get('x-total'), '132');
  assert.match(large.headers.get('link') ?? '', /variables\?page=2&per_page=100>; rel="next"/);
  const last = await get('projects/shop%2Fbackend/variables?per_page=100&page=2');
  assert.equal(((await last.json()) as unknown[]).length, 32);
  assert.equal(last.headers.get('x-next-page'), '');
  assert.doesNotMatch(last.headers.get('link') ?? '', /rel="next"/);
});

test('a project is known by its number and by its path, a token by two headers', async () => {
  assert.equal((await get(`projects/${id}/variables/KEY_1`)).status, 200);
  assert.equal((await get('projects/shop%2Fbackend/variables/KEY_1', { authorization: 'Bearer glpat-1' })).status, 200);
});

for (const [what, path, status, body] of [
  ['a key of several scopes', 'projects/shop%2Fbackend/variables/TWICE', 409, /multiple variables/],
  ['a key and its scope', 'projects/shop%2Fbackend/variables/TWICE?filter[environment_scope]=staging', 200, /"s"/],
  ['a missing variable', 'projects/shop%2Fbackend/variables/NOPE', 404, /404 Variable Not Found/],
  ['a missing project', 'projects/shop%2Fnope/variables', 404, /404 Project Not Found/],
  ['a missing group', 'groups/nope/variables', 404, /404 Group Not Found/],
  ['a path that is not there', 'projects/shop%2Fbackend/nope', 404, /"error":"404 Not Found"/],
  ['the groups of a project', 'projects/shop%2Fbackend/groups', 200, /"full_path":"shop"/],
] as const) {
  test(`${what}: ${status}`, async () => {
    const answer = await get(path);
    assert.equal(answer.status, status);
    assert.match(await answer.text(), body);
  });
}

test('a key that GitLab forbids cannot be put here either', () => {
  assert.throws(() => gitlab.setVariable('shop/backend', 'with-hyphen', 'x'), RangeError);
  assert.throws(() => gitlab.setVariable('shop/backend', 'LONG', 'x'.repeat(10_001)), RangeError);
});

test('a hidden variable is listed without its value', async () => {
  gitlab.setVariable('shop', 'HIDDEN', 'secret', { hidden: true });
  assert.match(await (await get('groups/shop/variables')).text(), /"key":"HIDDEN","value":null,"hidden":true/);
});

test('a limit holds for the minute and says how long that is', async () => {
  gitlab.limit(1);
  assert.equal((await get('groups/shop/variables')).status, 200);
  const limited = await get('groups/shop/variables');
  assert.equal(limited.status, 429);
  assert.equal(await limited.text(), 'Retry later\n');
  await clock.advance(Number(limited.headers.get('retry-after')) * 1000);
  assert.equal((await get('groups/shop/variables')).status, 200);
  gitlab.heal();
});

test('a token ends when its time is over', async () => {
  await clock.advance(1000 * 3600);
  assert.equal((await get('groups/shop/variables')).status, 401);
});
