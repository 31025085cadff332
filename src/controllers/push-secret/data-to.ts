/**
 * `spec.dataTo`: many keys of a source at once become entries, each with a remote key of its own or all of them as one JSON object
 * (`behaviour.md` 3.5). Asks nobody.
 */
import { RE2JS } from 're2js';
import type { PushSecretDataTo } from '../../api/push-secret.ts';
import { SecretValue } from '../../secret-value.ts';
import { rewriteKeys, type RenderKey } from '../external-secret/rewrite.ts';
import { messageOf } from '../failure.ts';
import { convertedKeys, type Data } from './convert.ts';
import type { Entry } from './plan.ts';
import { PushProblem } from './problem.ts';

/** @throws PushProblem naming `where`, e.g. `dataTo[1]`. */
export async function expand(
  dataTo: PushSecretDataTo,
  data: Data,
  renderKey: RenderKey,
  where: string,
): Promise<readonly Entry[]> {
  const { remoteKey, rewrite = [], metadata, match, conversionStrategy } = dataTo;
  if (remoteKey !== undefined && rewrite.length > 0)
    throw invalid(`${where}: remoteKey and rewrite exclude each other`);
  const keys = matching(convertedKeys(data, conversionStrategy), match?.regexp, where);
  if (keys.size === 0) return [];
  if (remoteKey !== undefined) {
    const bundle = new Map([...keys].map(([name, key]) => [name, data.get(key)!]));
    return [{ where, remoteKey, property: undefined, secretKey: undefined, bundle, metadata, conversion: 'None' }];
  }
  const names = await rewritten(keys, rewrite, renderKey, where);
  return [...names].map(([name, key]) => ({
    where,
    remoteKey: name,
    property: undefined,
    secretKey: key,
    bundle: undefined,
    metadata,
    conversion: 'None' as const,
  }));
}

function matching(
  keys: ReadonlyMap<string, string>,
  source: string | undefined,
  where: string,
): ReadonlyMap<string, string> {
  if (source === undefined || source === '') return keys;
  const pattern = compile(source, where);
  return new Map([...keys].filter(([name]) => pattern.matcher(name).find()));
}

function compile(source: string, where: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw invalid(
      `${where}.match.regexp ${JSON.stringify(source)} is not a valid RE2 expression: ${messageOf(error)}`,
      error,
    );
  }
}

/** Remote key → key of the source. The rewrites of ExternalSecrets do it, on keys in the place of values. */
async function rewritten(
  keys: ReadonlyMap<string, string>,
  rewrite: NonNullable<PushSecretDataTo['rewrite']>,
  renderKey: RenderKey,
  where: string,
): Promise<ReadonlyMap<string, string>> {
  const entries = new Map([...keys].map(([name, key]) => [name, SecretValue.ofText(key)]));
  const result = await rewriteKeys(entries, rewrite, renderKey).catch((error: unknown) => {
    throw invalid(`${where}.${messageOf(error)}`, error);
  });
  if (result.collisions.length > 0)
    throw invalid(`${where}: rewrite gives one remote key to two keys: ${result.collisions.join('; ')}`);
  if (result.entries.has('')) {
    throw invalid(`${where}: rewrite makes an empty remote key of "${result.entries.get('')!.revealText()}"`);
  }
  return new Map([...result.entries].map(([name, key]) => [name, key.revealText()]));
}

function invalid(message: string, cause?: unknown): PushProblem {
  return new PushProblem(message, { permanent: true, cause });
}
