import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeJson, parseJson } from '../json/index.ts';
import { findByJsonPath, JsonPathError } from './json-path.ts';

const DOCUMENT = parseJson(
  Buffer.from(`{
    "data": {"password": "p", "id": 12345678901234567890, "ratio": 1.50, "none": null, "my-key": "dash", "__proto__": "own"},
    "a.b": {"it's": "quoted", "say \\"hi\\"": 1},
    "list": [{"k": "x", "v": 1, "on": true}, {"k": "y", "v": 2, "on": false}, {"k": "z", "v": 30, "tags": ["t1", "t2"]}],
    "limit": 2,
    "ids": [12345678901234567890, 12345678901234567891]
  }`),
);

function found(path: string): string {
  return encodeJson(findByJsonPath(path, DOCUMENT), { escapeHtml: false });
}

describe('a path to one value gives that value', () => {
  const table: readonly (readonly [path: string, value: string])[] = [
    ['$.data.password', '"p"'],
    ['data.password', '"p"'],
    [' $.data.password ', '"p"'],
    ['.data.password', '"p"'],
    ["$['data']['password']", '"p"'],
    ['$["data"].password', '"p"'],
    ['["data"]["password"]', '"p"'],
    ['$.data.id', '12345678901234567890'],
    ['$.data.ratio', '1.50'],
    ['$.data.none', 'null'],
    ['$.data.my-key', '"dash"'],
    ['$.data.__proto__', '"own"'],
    ['$["a.b"]["it\'s"]', '"quoted"'],
    ["$['a.b']['it\\'s']", '"quoted"'],
    ['$["a.b"]["say \\"hi\\""]', '1'],
    ['$["\\u0064ata"].password', '"p"'],
    ['$.list[0].k', '"x"'],
    ['$.list[-1].k', '"z"'],
    ['$.list.1.k', '"y"'],
    ['$.list[ 2 ].tags[1]', '"t2"'],
  ];
  for (const [path, value] of table) test(path, () => assert.equal(found(path), value));

  test('$ is the whole document', () => assert.equal(findByJsonPath('$', DOCUMENT), DOCUMENT));
});

describe('a path that may lead to many gives a list', () => {
  const table: readonly (readonly [path: string, values: string])[] = [
    ['$.list[*].k', '["x","y","z"]'],
    ['$.list.*.v', '[1,2,30]'],
    ['$..k', '["x","y","z"]'],
    ['$..tags[0]', '["t1"]'],
    ['$..["password"]', '["p"]'],
    ['$.list[0,2].k', '["x","z"]'],
    ["$.data['password','my-key']", '["p","dash"]'],
    ['$.list[1:].k', '["y","z"]'],
    ['$.list[:-1].k', '["x","y"]'],
    ['$.list[::2].k', '["x","z"]'],
    ['$.list[?(@.k=="y")].v', '[2]'],
    ["$.list[?(@.k == 'y')].v", '[2]'],
    ['$.list[?@.k=="y"].v', '[2]'],
    ['$.list[?(@.v>1)].k', '["y","z"]'],
    ['$.list[?(@.v>=2 && @.v<30)].k', '["y"]'],
    ['$.list[?(@.k=="x" || @.k=="z")].v', '[1,30]'],
    ['$.list[?(!(@.k=="x"))].v', '[2,30]'],
    ['$.list[?(@.k != "x")].v', '[2,30]'],
    ['$.list[?(@.on)].k', '["x"]'],
    ['$.list[?(@.on==false)].k', '["y"]'],
    ['$.list[?(@.tags)].k', '["z"]'],
    ['$.list[?(@.tags[0]=="t1")].k', '["z"]'],
    ['$.list[?(@.v==$.limit)].k', '["y"]'],
    ['$.list[?(@.k=~"^[xy]$")].k', '["x","y"]'],
    ['$.list[?(@.none=="x")].k', '[]'],
    ['$.list[?(@.none!="x")].k', '[]'],
    ['$.list[?(@.k>1)].k', '[]'],
    ['$.ids[?(@==12345678901234567891)]', '[12345678901234567891]'],
    ['$.missing[*]', '[]'],
  ];
  for (const [path, values] of table) test(path, () => assert.equal(found(path), values));
});

describe('a path that cannot be followed says why, without the document', () => {
  const table: readonly (readonly [path: string, message: RegExp])[] = [
    ['$.data.nope', /nothing where the JSONPath leads/],
    ['$.list[9]', /nothing where/],
    ['$.data.password.more', /nothing where/],
    ['$.', /cannot be understood at its end/],
    ['$.data password', /cannot be understood at character 8/],
    ['$[', /at its end/],
    ['$.list[?(@.k==)]', /at character 15/],
    ['$.list[?(@.k=="x"]', /at character 18/],
    ['$.list[::0]', /cannot be understood/],
    ['$.list[99999999999]', /cannot be understood/],
    ['$.list[?(@.k=~"(")]', /regular expression/],
    ['$.list[(@.length-1)]', /cannot be understood/],
    ['$.list[?(process.exit())]', /cannot be understood/],
    [`$.list[?${'('.repeat(100)}@`, /nested too deeply/],
    [`$.${'a'.repeat(5000)}`, /too long/],
  ];
  for (const [path, message] of table)
    test(path.slice(0, 40), () =>
      assert.throws(
        () => findByJsonPath(path, DOCUMENT),
        (error: unknown) => error instanceof JsonPathError && message.test(error.message),
      ),
    );
});

test('work is bounded, however a path multiplies what it looks at', () => {
  const deep = parseJson(Buffer.from(`${'['.repeat(300)}1${']'.repeat(300)}`));
  assert.throws(() => findByJsonPath('$..*..*..*..*', deep), /too much work/);
});

test('a backtracking regular expression is answered in linear time', () => {
  const document = parseJson(Buffer.from(JSON.stringify(['a'.repeat(20_000)])));
  const started = Date.now();
  assert.deepEqual(findByJsonPath('$[?(@=~"^(a+)+$x")]', document), []);
  assert.ok(Date.now() - started < 2000);
});

test('a huge list is walked without a deep stack', () => {
  const document = parseJson(Buffer.from(JSON.stringify(Array.from({ length: 200_000 }, (_, index) => index))));
  assert.equal((findByJsonPath('$..*', document) as readonly unknown[]).length, 200_000);
});
