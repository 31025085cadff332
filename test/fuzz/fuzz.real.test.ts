/** A short run of the fuzzer: our engine and Go make the same of random templates. `npm run fuzz` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOrBuildGolden } from '../real-parts/build.ts';
import { fuzz } from './fuzzer.ts';
import { Oracle } from './oracle.ts';

test('2,000 random templates give in our engine what they give in Go', async (t) => {
  const oracle = new Oracle(await findOrBuildGolden((line) => t.diagnostic(line)), 60_000);
  t.after(() => oracle.close());
  const options = { seed: 20_261_122, first: 0, cases: 2000, chunk: 100, shrinkAtMost: 1 };
  const { counts, differences } = await fuzz(oracle, options, () => {});
  assert.deepEqual(differences, []);
  assert.equal(counts.different, 0);
  assert.ok(counts['equal output'] > 800 && counts['equal error'] > 400, JSON.stringify(counts));
});
