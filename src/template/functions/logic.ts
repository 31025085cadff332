/** Defaults, choices and questions about types. */
import { failure, value as hidden } from '../errors.ts';
import { define } from '../signature.ts';
import { deepEqual, isTrue, kindOf, typeOf } from '../values.ts';

export const logicFunctions = [
  ...define('default', 'any ...any', (fallback, ...given) => {
    const [first = null] = given;
    return isTrue(first) ? first : fallback;
  }),
  ...define('empty', 'any', (v) => !isTrue(v)),
  ...define('coalesce', '...any', (...all) => all.find(isTrue) ?? null),
  ...define('all', '...any', (...all) => all.every(isTrue)),
  ...define('any', '...any', (...all) => all.some(isTrue)),
  ...define('ternary', 'any any bool', (yes, no, condition) => (condition ? yes : no)),
  ...define('fail', 'string', (text) => {
    throw failure`${hidden(text)}`;
  }),
  ...define('typeOf', 'any', typeOf),
  ...define('kindOf', 'any', kindOf),
  ...define('typeIs', 'string any', (name, v) => typeOf(v) === name),
  ...define('kindIs', 'string any', (name, v) => kindOf(v) === name),
  ...define('typeIsLike', 'string any', (name, v) => typeOf(v) === name || typeOf(v) === `*${name}`),
  ...define('deepEqual', 'any any', deepEqual),
];
