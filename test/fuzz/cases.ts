/** The case of a seed and a number: a template, its data and options. The same on every machine. */
import { readFileSync } from 'node:fs';
import { DATA_KEYS } from './expressions.ts';
import { Random } from './random.ts';
import { SPECIMENS } from './specimens.ts';
import { Templates } from './templates.ts';
import { yamlDocument } from './yaml-documents.ts';

export interface Case {
  readonly template: Buffer;
  readonly data: ReadonlyMap<string, Buffer>;
  readonly name: string;
  readonly missingKey: 'error' | 'default';
  readonly delimiters?: { readonly left: string; readonly right: string };
  /** The output is then read as YAML, as the operator does. */
  readonly parse?: 'keysAndValues' | 'manifest';
}

const BINARY = ['AP8QgIHDKA==', '/w==', '4oKsgA==', 'w6kAw6k=', '7aCA', 'gICA'];

interface Fixtures {
  readonly shared: { readonly data: Record<string, string>; readonly bytes: Record<string, string> };
}
const { shared } = JSON.parse(
  readFileSync(new URL('../vectors/templates/crypto.golden.json', import.meta.url), 'utf8'),
) as Fixtures;
const FIXTURES = new Map<string, Buffer>([
  ...Object.entries(shared.data).map(([key, text]) => [key, Buffer.from(text)] as const),
  ...Object.entries(shared.bytes).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
]);

export function makeCase(seed: number, index: number): Case {
  const random = Random.ofCase(seed, index);
  const data = makeData(random);
  const options = { name: 'k', missingKey: random.chance(0.06) ? ('default' as const) : ('error' as const), data };
  if (random.chance(0.04)) {
    const parse = random.pick(['keysAndValues', 'manifest'] as const);
    return { ...options, template: Buffer.from(yamlDocument(random)), parse };
  }
  const delimiters = random.chance(0.04) ? random.pick(OTHER_DELIMITERS) : undefined;
  const template = mutated(random, makeTemplate(random, delimiters));
  const named = withFixtures(data, template);
  return { ...options, data: named, template, ...(delimiters === undefined ? {} : { delimiters }) };
}

const OTHER_DELIMITERS = [
  { left: '[[', right: ']]' },
  { left: '<%', right: '%>' },
  { left: '<<', right: '>>' },
];

function makeTemplate(random: Random, delimiters = { left: '{{', right: '}}' }): string {
  const slips = random.weighted([5, 0], [4, 0.01], [2, 0.06]);
  const templates = new Templates(random, delimiters, slips);
  return random.chance(0.45) ? templates.probe() : templates.template(random.weighted([3, 1], [3, 2], [1, 3]));
}

function makeData(random: Random): Map<string, Buffer> {
  const data = new Map<string, Buffer>();
  for (const [key, kind] of Object.entries(DATA_KEYS)) {
    const text = kind === 'yaml' ? yamlDocument(random) : random.pick(SPECIMENS[kind] ?? ['']);
    data.set(key, random.chance(0.04) ? Buffer.from(random.pick(BINARY), 'base64') : Buffer.from(text));
  }
  return data;
}

/** Certificates are long, so they are there only when the template names them. */
function withFixtures(data: ReadonlyMap<string, Buffer>, template: Buffer): Map<string, Buffer> {
  const text = template.toString('latin1');
  return new Map([...data, ...[...FIXTURES].filter(([key]) => !data.has(key) && text.includes(`.${key}`))]);
}

/** Now and then a few characters are lost, doubled or put in, so that the parser sees what no grammar makes. */
function mutated(random: Random, template: string): Buffer {
  let text = Buffer.from(template).toString('latin1');
  if (!random.chance(0.07)) return Buffer.from(text, 'latin1');
  for (let i = 1 + random.below(2); i > 0; i--) {
    const at = random.below(text.length + 1);
    const length = random.below(3);
    const put = random.weighted(
      [3, ''],
      [3, random.pick('{}()|.$"`\'-:=, \n\\0aé/*%_\xff'.split(''))],
      [1, text.slice(at, at + 8)],
    );
    text = text.slice(0, at) + put + text.slice(at + length);
  }
  return Buffer.from(text, 'latin1');
}
