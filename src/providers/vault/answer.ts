/**
 * The envelope around everything Vault says, parsed without losing a digit, and its errors made into one line that can
 * be shown.
 */
import type { SecretValue } from '../../secret-value.ts';
import { quotable } from '../exchange.ts';
import { parseJson } from '../json/index.ts';
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  JsonSyntaxError,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts';

export interface VaultAnswer {
  readonly status: number;
  /** The whole envelope; empty for 204. */
  readonly envelope: JsonObject;
  readonly data: JsonValue | undefined;
  readonly auth: JsonObject | undefined;
  readonly warnings: readonly string[];
  /** True when Vault named an error: a 404 without one says that there is nothing at the path. */
  readonly hasErrors: boolean;
  /** Vault's own words in one line, without our secrets; empty when it said nothing. */
  readonly message: string;
}

/** Undefined when this is not an answer of Vault's (a proxy's page, another server's JSON). */
export function readAnswer(status: number, body: Uint8Array, secrets: readonly SecretValue[]): VaultAnswer | undefined {
  const envelope =
    body.length === 0 ? (status === 204 ? new Map<string, JsonValue>() : undefined) : parseEnvelope(body);
  if (envelope === undefined) return undefined;
  const errors = texts(envelope.get('errors'));
  const auth = envelope.get('auth');
  return {
    status,
    envelope,
    data: envelope.get('data') ?? undefined,
    auth: isJsonObject(auth) ? auth : undefined,
    warnings: texts(envelope.get('warnings')),
    hasErrors: errors.length > 0,
    message: readable(errors, secrets),
  };
}

export function textMember(object: JsonObject, name: string): string {
  const value = object.get(name);
  return typeof value === 'string' ? value : '';
}

export function numberMember(object: JsonObject, name: string): number {
  const value = object.get(name);
  return value instanceof JsonNumber ? value.toNumber() : 0;
}

function parseEnvelope(body: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(body);
    const isVaults =
      isJsonObject(value) && (isJsonArray(value.get('errors')) || typeof value.get('request_id') === 'string');
    return isVaults ? value : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

function texts(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** `2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n` becomes `permission denied; invalid token`. */
function readable(errors: readonly string[], secrets: readonly SecretValue[]): string {
  const lines = errors
    .flatMap((error) => error.split('\n'))
    .map((line) => line.replace(/^\s*\* /, '').trim())
    .filter((line) => line !== '' && !/^\d+ errors? occurred:$/.test(line));
  return quotable([...new Set(lines)].join('; '), secrets);
}
