/**
 * The `@…` modifiers of property paths: JSON text in, JSON text out (binary strings).
 */
import { parseJson } from './parse.ts';
import { foundText, items, members, wholeValue, type Found } from './scan.ts';
import { quoteText } from './strings.ts';
import { binaryOfText, decodeUtf8, fromBinary } from './text.ts';

type Modifier = (json: string, argument: string) => string;

export const modifiers: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ['this', (json) => json],
  ['valid', (json) => (isValid(json) ? json : '')],
  ['keys', keys],
  ['values', values],
  ['reverse', reverse],
  ['flatten', (json, argument) => flatten(json, flag(argument, 'deep'))],
  ['join', (json, argument) => join(json, flag(argument, 'preserve'))],
  ['ugly', ugly],
  ['pretty', pretty],
  ['tostr', (json) => quoteBinary(json)],
  ['fromstr', (json) => (isValid(json) ? foundText(wholeValue(json)) : '')],
]);

/** A binary string as JSON string with Go's HTML escaping. */
export function quoteBinary(binary: string): string {
  return binaryOfText(quoteText(decodeUtf8(fromBinary(binary)), true));
}

function isValid(json: string): boolean {
  try {
    parseJson(fromBinary(json));
    return true;
  } catch {
    return false;
  }
}

function flag(argument: string, name: string): boolean {
  const options = wholeValue(argument);
  return isObject(options) && [...members(options.raw)].some((m) => m.name === name && m.value.kind === 'true');
}

function isObject(found: Found): boolean {
  return found.raw[0] === '{';
}

function isArray(found: Found): boolean {
  return found.raw[0] === '[';
}

function keys(json: string): string {
  const value = wholeValue(json);
  if (isArray(value)) return `[${[...items(value.raw)].map(() => 'null').join(',')}]`;
  return isObject(value) ? `[${[...members(value.raw)].map((member) => member.rawName).join(',')}]` : '[]';
}

function values(json: string): string {
  const value = wholeValue(json);
  if (isArray(value)) return json;
  return isObject(value) ? `[${[...members(value.raw)].map((member) => member.value.raw).join(',')}]` : '[]';
}

function reverse(json: string): string {
  const value = wholeValue(json);
  if (isArray(value))
    return `[${[...items(value.raw)]
      .map((item) => item.raw)
      .reverse()
      .join(',')}]`;
  if (!isObject(value)) return json;
  return `{${[...members(value.raw)]
    .map((member) => `${member.rawName}:${member.value.raw}`)
    .reverse()
    .join(',')}}`;
}

function flatten(json: string, deep: boolean): string {
  const value = wholeValue(json);
  if (!isArray(value)) return json;
  const flat = [...items(value.raw)].map((item) =>
    isArray(item) ? inside(deep ? flatten(item.raw, true) : item.raw) : item.raw,
  );
  return `[${flat.filter((raw) => raw !== '').join(',')}]`;
}

function inside(compound: string): string {
  return compound.trim().slice(1, -1).trim();
}

function join(json: string, preserve: boolean): string {
  const value = wholeValue(json);
  if (!isArray(value)) return json;
  const objects = [...items(value.raw)].filter(isObject);
  if (preserve)
    return `{${objects
      .map((object) => inside(object.raw))
      .filter((raw) => raw !== '')
      .join(',')}}`;
  const merged = new Map<string, { rawName: string; raw: string }>();
  for (const object of objects)
    for (const member of members(object.raw)) {
      const rawName = merged.get(member.name)?.rawName ?? member.rawName;
      merged.set(member.name, { rawName, raw: member.value.raw });
    }
  return `{${[...merged.values()].map((member) => `${member.rawName}:${member.raw}`).join(',')}}`;
}

function ugly(json: string): string {
  const value = wholeValue(json);
  if (isArray(value)) return `[${[...items(value.raw)].map((item) => ugly(item.raw)).join(',')}]`;
  if (!isObject(value)) return value.raw;
  return `{${[...members(value.raw)].map((member) => `${member.rawName}:${ugly(member.value.raw)}`).join(',')}}`;
}

/** Two spaces per level, short arrays of scalars on one line, a line break at the end. */
function pretty(json: string): string {
  return `${indent(wholeValue(json), '')}\n`;
}

const LINE_WIDTH = 80;

function indent(value: Found, margin: string): string {
  const deeper = `${margin}  `;
  if (isArray(value)) return indentArray([...items(value.raw)], margin);
  if (!isObject(value)) return value.raw;
  const lines = [...members(value.raw)].map((member) => `${deeper}${member.rawName}: ${indent(member.value, deeper)}`);
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${margin}}`;
}

function indentArray(found: readonly Found[], margin: string): string {
  if (found.length === 0) return '[]';
  const oneLine = `[${found.map((item) => item.raw).join(', ')}]`;
  const short = found.every((item) => item.kind !== 'compound') && margin.length + oneLine.length <= LINE_WIDTH;
  if (short) return oneLine;
  const deeper = `${margin}  `;
  return `[\n${found.map((item) => `${deeper}${indent(item, deeper)}`).join(',\n')}\n${margin}]`;
}
