/**
 * Cells of `kubectl get`: ages as kubectl prints them, and columns that read a JSON path.
 */
import type { Json, JsonObject } from '../json.ts';
import { isArray, isObject, textAt, valueAt } from '../json.ts';
import type { Column } from './kind.ts';

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  cell: (object) => textAt(object, 'metadata', 'name') ?? '',
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'date',
  priority: 0,
  cell: (object, now) => ageText(textAt(object, 'metadata', 'creationTimestamp'), now),
};

export function ageText(timestamp: string | undefined, now: number): string {
  const since = Date.parse(timestamp ?? '');
  if (Number.isNaN(since)) return timestamp === undefined ? '<unknown>' : '<invalid>';
  return humanDuration(now - since);
}

/** Durations as kubectl shortens them: `8s`, `3m20s`, `5h10m`, `3d4h`, `2y30d`. Milliseconds in. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  const hours = Math.trunc(minutes / 60);
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return withRest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${restUnit}`;
}

/** A column of `additionalPrinterColumns`. */
export function pathColumn(source: JsonObject): Column {
  const type = textAt(source, 'type') ?? 'string';
  const read = jsonPath(textAt(source, 'jsonPath') ?? '');
  const format = textAt(source, 'format');
  return {
    name: textAt(source, 'name') ?? '',
    type,
    ...(format === undefined ? {} : { format }),
    description: textAt(source, 'description') ?? '',
    priority: typeof source['priority'] === 'number' ? source['priority'] : 0,
    cell: (object, now) => cellOf(read(object)[0], type, now),
  };
}

function cellOf(value: Json | undefined, type: string, now: number): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (type === 'date') return typeof value === 'string' ? ageText(value, now) : '<invalid>';
  if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value);
  return typeof value === 'object' ? null : value;
}

type Step = (values: readonly Json[]) => readonly Json[];

/** The JSON paths of printer columns and selectable fields: members, `[0]`, `[*]` and `[?(@.type=="Ready")]`. */
export function jsonPath(path: string): (object: Json) => readonly Json[] {
  const steps = [
    ...path.matchAll(/\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]|\[(\*)\]|\[\?\(@([.\w]+)\s*==\s*["']([^"']*)["']\)\]/g),
  ].map(stepOf);
  return (object) => steps.reduce<readonly Json[]>((values, step) => step(values), [object]);
}

function stepOf(match: RegExpMatchArray): Step {
  const [, plain, quoted, index, every, filterPath, wanted] = match;
  const name = plain ?? quoted;
  if (name !== undefined) return (values) => present(values.map((value) => valueAt(value, name)));
  if (index !== undefined)
    return (values) => present(values.map((value) => (isArray(value) ? value[Number(index)] : undefined)));
  if (every !== undefined) return (values) => values.flatMap(itemsOf);
  const path = (filterPath ?? '').split('.').slice(1);
  return (values) => values.flatMap(itemsOf).filter((item) => valueAt(item, ...path) === wanted);
}

function itemsOf(value: Json): readonly Json[] {
  if (isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function present(values: readonly (Json | undefined)[]): readonly Json[] {
  return values.filter((value) => value !== undefined);
}
