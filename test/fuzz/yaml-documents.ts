/** Makes YAML documents out of scalars that YAML 1.1, YAML 1.2 and JSON read differently, in block and in flow style. */
import type { Random } from './random.ts';

const SCALARS: readonly string[] = [
  ...'1 -1 0 007 0o17 0x1F 0b11 1_000 08 1.5 1. .5 1e3 1.5e-3 +5 .inf -.inf .nan 1e400 12345678901234567890 ~ null Null NULL nULL true True TRUE tRUE false yes Yes no on off y n Y N 2020-01-01 1:30 12:30:45 0x 0o8 1__0 text a-b x#y http://h:80/p !!str !foo = << -a ?a :a 1e 0b 0.0 -0 1_0.5 .5e1 +.5 -.5 é 日本 x:y'.split(
    ' ',
  ),
  '"quoted \\n \\t \\x41 \\u00e9"',
  "'it''s'",
  '!!str 5',
  '!!binary aGVsbG8=',
  '!!int "7"',
  '!!float 5',
  '!!bool "true"',
  '"multi\n  line"',
  "'single\n  line'",
  'plain\n  continued',
  '"',
  '"\\q"',
  'a: b',
  'x # comment',
  '@x',
  '`x',
  '%x',
  '*nope',
  '""',
  "''",
  '',
  '"a\\\n   b"',
];

/** A null key is an error, though not in Go when the map it is in is given again: vectors hold it. */
const KEYS = 'a b c key 1 1.5 true y n on "q k" \'s\' x-y a.b é - 0x10 key2 <<'.split(' ');

export function yamlDocument(random: Random): string {
  const body = random.weighted(
    [8, () => blockMap(random, 0, 2)],
    [2, () => flowMap(random, 2)],
    [2, () => blockList(random, 0, 2)],
    [1, () => scalar(random)],
    [1, () => anchors(random)],
  )();
  const head = random.weighted([8, ''], [1, '---\n'], [1, '# comment\n'], [0.3, '%YAML 1.1\n---\n'], [0.2, '\ufeff']);
  const tail = random.weighted([8, ''], [2, '\n'], [0.7, '\n---\nb: 2'], [0.5, '\n...\n'], [0.3, '\n\n# end']);
  return head + body + tail;
}

function scalar(random: Random): string {
  return random.pick(SCALARS);
}

function key(random: Random): string {
  return random.chance(0.8) ? random.pick(['a', 'b', 'c', 'd', 'e']) : random.pick(KEYS);
}

function blockMap(random: Random, indent: number, depth: number): string {
  const pad = ' '.repeat(indent);
  return random.several(1, 4, () => `${pad}${key(random)}:${value(random, indent, depth)}`).join('\n');
}

function blockList(random: Random, indent: number, depth: number): string {
  const pad = ' '.repeat(indent);
  return random.several(1, 3, () => `${pad}-${value(random, indent, depth)}`).join('\n');
}

function value(random: Random, indent: number, depth: number): string {
  const inner = indent + random.weighted([8, 2], [1, 4], [1, 1]);
  if (depth > 0 && random.chance(0.15)) return `\n${blockMap(random, inner, depth - 1)}`;
  if (depth > 0 && random.chance(0.12)) return `\n${blockList(random, random.chance(0.5) ? inner : indent, depth - 1)}`;
  if (random.chance(0.1)) return ` ${flowMap(random, depth)}`;
  if (random.chance(0.1)) return ` ${flowList(random, depth)}`;
  if (random.chance(0.12)) return ` ${blockScalar(random, inner)}`;
  return ` ${scalar(random).replaceAll('\n  ', `\n${' '.repeat(inner)}`)}${random.chance(0.1) ? ' # note' : ''}`;
}

function blockScalar(random: Random, indent: number): string {
  const pad = ' '.repeat(indent);
  const head = random.pick(['|', '|-', '|+', '>', '>-', '>+']);
  const body = random.several(1, 4, () =>
    random.weighted([6, `${pad}text here`], [2, ''], [1, `${pad}  more`], [1, `${pad}x: 1`]),
  );
  return `${head}\n${body.join('\n')}${random.chance(0.3) ? '\n' : ''}`;
}

function flowMap(random: Random, depth: number): string {
  const pairs = random.several(0, 3, () => `${key(random)}: ${flowValue(random, depth)}`);
  return `{${pairs.join(', ')}}`;
}

function flowList(random: Random, depth: number): string {
  return `[${random.several(0, 3, () => flowValue(random, depth)).join(', ')}]`;
}

function flowValue(random: Random, depth: number): string {
  if (depth > 0 && random.chance(0.2)) return flowMap(random, depth - 1);
  if (depth > 0 && random.chance(0.2)) return flowList(random, depth - 1);
  // There the two parsers cut a tag, `?` and `:` from what follows at different places.
  const text = scalar(random);
  return /^[?!:]/.test(text) ? 'text' : text;
}

function anchors(random: Random): string {
  const later = random.pick([
    'b: *x',
    'b:\n  <<: *x\n  k: 9',
    'b: [*x, *x]',
    'b:\n  <<: [*x, {m: 1}]',
    '<<: *x',
    'b: *y',
  ]);
  return `a: &x ${random.weighted([3, '{k: 1, l: [2]}'], [1, scalar(random)], [1, flowList(random, 1)])}\n${later}`;
}
