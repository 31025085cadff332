/** Slash-separated paths. The `os` variants are the same, as on Linux. */
import { define } from '../signature.ts';

/** The shortest equivalent path. */
export function clean(path: string): string {
  if (path === '') return '.';
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  return (rooted ? '/' : '') + kept.join('/') || '.';
}

function base(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

const dir = (path: string): string => clean(path.slice(0, path.lastIndexOf('/') + 1));

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

export const pathFunctions = [
  ...define('base osBase', 'string', base),
  ...define('dir osDir', 'string', dir),
  ...define('clean osClean', 'string', clean),
  ...define('ext osExt', 'string', extension),
  ...define('isAbs osIsAbs', 'string', (path) => path.startsWith('/')),
];
