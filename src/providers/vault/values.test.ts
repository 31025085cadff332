import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretValue } from '../../secret-value.ts';
import { PropertyNotFoundError } from '../errors.ts';
import { vaultValues } from './values.ts';

/** As `kv.ts` hands it on: sorted, compact, HTML-escaped, numbers as Vault sent them. */
const RAW = SecretValue.ofText(
  '{"a.b":"lit","big":12345678901234567890,"f":1.50,"n":null,"o":{"k":"\\u003cv\\u003e","x":1.0},"s":"p\\u0026\\u003cé","t":true}',
);

describe('data[]', () => {
  const table: readonly (readonly [string | undefined, string])[] = [
    [undefined, RAW.revealText()],
    ['', RAW.revealText()],
    ['s', 'p&<é'],
    ['big', '12345678901234567890'],
    ['f', '1.50'],
    ['t', 'true'],
    ['n', ''],
    ['a.b', 'lit'],
    ['o', '{"k":"\\u003cv\\u003e","x":1.0}'],
    ['o.k', '<v>'],
    ['o.x', '1'],
  ];
  for (const [property, expected] of table) {
    it(property ?? 'the whole value', () =>
      assert.equal(vaultValues.select(RAW, { key: 'db', property }).revealText(), expected),
    );
  }

  it('a missing property names itself and the key', () => {
    assert.throws(
      () => vaultValues.select(RAW, { key: 'db', property: 'nope' }),
      (error: unknown) => {
        assert.ok(error instanceof PropertyNotFoundError);
        assert.match(error.message, /"nope".*"db"/);
        return true;
      },
    );
  });
});

describe('dataFrom.extract', () => {
  it('gives one entry per member; integers keep every digit, other numbers print as the peer prints them', () => {
    const entries = [...vaultValues.entries(RAW, { key: 'db' })].map(([name, value]) => [name, value.revealText()]);
    assert.deepEqual(Object.fromEntries(entries), {
      'a.b': 'lit',
      big: '12345678901234567890',
      f: '1.5',
      n: '',
      o: '{"k":"\\u003cv\\u003e","x":1}',
      s: 'p&<é',
      t: 'true',
    });
  });

  it('of a property takes that object', () => {
    assert.deepEqual([...vaultValues.entries(RAW, { key: 'db', property: 'o' }).keys()], ['k', 'x']);
  });

  it('of something that is no object says so, without the value', () => {
    assert.throws(
      () => vaultValues.entries(RAW, { key: 'db', property: 's' }),
      (error: unknown) => {
        assert.ok(error instanceof PropertyNotFoundError);
        assert.match(error.message, /property "s" of the Vault secret "db" is not a JSON object/);
        return true;
      },
    );
  });
});
