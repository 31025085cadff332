/**
 * The door to this folder: reading, cutting up and writing JSON without losing anything.
 */
export { encodeBytesMap, encodeJson, type EncodeOptions } from './encode.ts';
export { extractRaw, extractTyped, NotAnObjectError, valueBytes } from './extract.ts';
export { formatJson, formatPlain, numberText } from './number.ts';
export { parseJson, rawMembers } from './parse.ts';
export { lookup, PathLimitError } from './path.ts';
export { sameJson } from './same.ts';
export { PropertyPathError, removeProperty, setProperty } from './set-property.ts';
export { compareBytes, decodeUtf8 } from './text.ts';
export { isJsonArray, isJsonObject, JsonNumber, JsonSyntaxError, type JsonObject, type JsonValue } from './value.ts';
