/** Lists. Nothing here changes a list; results are new ones. */
import { compareBytes } from '../bytes.ts';
import { failure, word, type Failure } from '../errors.ts';
import { define, defineWith, type Runtime } from '../signature.ts';
import { deepEqual, GoSlice, isTrue, kindOf, list, nilList, strings, type Value } from '../values.ts';
import { toInt64 } from './convert.ts';
import { textOf, textsOf } from './text-of.ts';

/** Elements of a list; anything else fails the way `complain` says, nil as a nil pointer. */
function items(value: Value, complain: (kind: string) => Failure): readonly Value[] {
  if (value instanceof GoSlice) return value.items;
  if (value === null) throw failure`runtime error: invalid memory address or nil pointer dereference`;
  throw complain(kindOf(value));
}

const cannot =
  (what: string) =>
  (kind: string): Failure =>
    failure`Cannot ${word(what)} type ${word(kind)}`;

function chunk(size: number, value: Value): Value {
  const all = items(value, cannot('chunk'));
  const count = Math.floor((all.length - 1) / size) + 1;
  const last = all.length % size || size;
  if (!Number.isFinite(count) || count < 0 || (count > 0 && Math.min(last, count > 1 ? size : last) < 0)) {
    throw failure`runtime error: makeslice: len out of range`;
  }
  const chunks = Array.from({ length: count }, (_, i) =>
    list(all.slice(i * size, i * size + (i < count - 1 ? size : last))),
  );
  return new GoSlice('[][]interface {}', chunks);
}

function slice(value: Value, indices: readonly Value[]): Value {
  const all = items(value, (kind) => failure`list should be type of slice or array but ${word(kind)}`);
  if (all.length === 0) return null;
  const start = Number(toInt64(indices[0] ?? null));
  const end = indices.length < 2 ? all.length : Number(toInt64(indices[1] ?? null));
  if (start < 0 || start > end || end > all.length) {
    throw failure`reflect.Value.Slice: slice index out of bounds`;
  }
  return new GoSlice(value instanceof GoSlice ? value.type : '', all.slice(start, end));
}

function contains(runtime: Runtime, all: readonly Value[], wanted: Value): boolean {
  runtime.budget.spend(all.length);
  return all.some((item) => deepEqual(item, wanted));
}

function unique(runtime: Runtime, value: Value): Value {
  const kept: Value[] = [];
  for (const item of items(value, cannot('find uniq on'))) {
    if (!contains(runtime, kept, item)) kept.push(item);
  }
  return list(kept);
}

function concat(lists: readonly Value[]): Value {
  const all = lists.flatMap((each) => items(each, (kind) => failure`Cannot concat type ${word(kind)} as list`));
  return all.length === 0 ? nilList() : list(all);
}

const orNil = (all: readonly Value[], empty: boolean): Value => (empty ? nilList() : list(all));

function sortAlpha(runtime: Runtime, value: Value): Value {
  if (!(value instanceof GoSlice)) return strings([textOf(runtime, value)]);
  return strings(textsOf(runtime, value).sort(compareBytes));
}

export const listFunctions = [
  ...define('list tuple', '...any', (...all) => list(all)),
  ...define('append push mustAppend mustPush', 'any any', (l, v) => list([...items(l, cannot('push on')), v])),
  ...define('prepend mustPrepend', 'any any', (l, v) => list([v, ...items(l, cannot('prepend on'))])),
  ...define('concat', '...any', (...lists) => concat(lists)),
  ...define('first mustFirst', 'any', (l) => items(l, cannot('find first on'))[0] ?? null),
  ...define('last mustLast', 'any', (l) => items(l, cannot('find last on')).at(-1) ?? null),
  ...define('rest mustRest', 'any', (l) => {
    const all = items(l, cannot('find rest on'));
    return orNil(all.slice(1), all.length === 0);
  }),
  ...define('initial mustInitial', 'any', (l) => {
    const all = items(l, cannot('find initial on'));
    return orNil(all.slice(0, -1), all.length === 0);
  }),
  ...define('reverse mustReverse', 'any', (l) => list(items(l, cannot('find reverse on')).toReversed())),
  ...defineWith('uniq mustUniq', 'any', unique),
  ...define('compact mustCompact', 'any', (l) => list(items(l, cannot('compact on')).filter(isTrue))),
  ...defineWith('without mustWithout', 'any ...any', (runtime, l, ...omitted) =>
    list(items(l, cannot('find without on')).filter((item) => !contains(runtime, omitted, item))),
  ),
  ...defineWith('has mustHas', 'any any', (runtime, v, l) =>
    l === null ? false : contains(runtime, items(l, cannot('find has on')), v),
  ),
  ...define('slice mustSlice', 'any ...any', (l, ...indices) => slice(l, indices)),
  ...define('chunk mustChunk', 'int any', chunk),
  ...defineWith('sortAlpha', 'any', sortAlpha),
];
