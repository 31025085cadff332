/**
 * Searching a KV mount: folders are listed one by one, candidates chosen by name or by metadata, and read
 * (`providers.md` 5.6). Everything found or nothing: a folder that may not be listed fails the search.
 */
import type { SecretValue } from '../../secret-value.ts';
import { InvalidRefError } from '../errors.ts';
import { namePattern } from '../name-pattern.ts';
import type { FindQuery } from '../provider.ts';
import { isNotFound, type KvReader } from './kv.ts';
import { locateFolder, type KvLocation } from './paths.ts';

/** Calls of one search that run at the same time. */
const PARALLEL = 8;

/** Keys are paths relative to the mount, those below `query.path` included with it. @throws ProviderError */
export async function findSecrets(
  kv: KvReader,
  query: FindQuery,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SecretValue>> {
  const { path, nameRegexp, tags } = query;
  const isWanted = nameRegexp === undefined ? undefined : namePattern(nameRegexp);
  if (kv.mount.version === 'v1' && isWanted === undefined && tags !== undefined)
    throw new InvalidRefError('find by tags needs version v2 of the KV secrets engine, the store says v1');
  const root = locateFolder(kv.mount, path);
  const all = await listTree(kv, root, path ?? '', signal);
  const named = isWanted === undefined ? all : all.filter(({ name }) => isWanted(name));
  const chosen = isWanted === undefined && tags !== undefined ? await byTags(kv, named, tags, signal) : named;
  return readAll(kv, chosen, signal);
}

/** All secrets below a folder, in the order of a walk through the tree. @throws SecretNotFoundError without the folder. */
async function listTree(
  kv: KvReader,
  root: KvLocation,
  path: string,
  signal: AbortSignal,
): Promise<readonly KvLocation[]> {
  const found: KvLocation[] = [];
  let level: readonly KvLocation[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const lists = await inParallel(level, async (folder) => {
      const names = await kv.list(folder, path, signal).catch((error: unknown) => {
        // A folder may have gone since its parent was listed; the one that was asked for must be there.
        if (depth > 0 && isNotFound(error)) return [];
        throw error;
      });
      return names.map((name) => ({ location: child(folder, name.replace(/\/$/, '')), isFolder: name.endsWith('/') }));
    });
    const entries = lists.flat();
    found.push(...entries.filter((entry) => !entry.isFolder).map((entry) => entry.location));
    level = entries.filter((entry) => entry.isFolder).map((entry) => entry.location);
  }
  return found;
}

function child(folder: KvLocation, name: string): KvLocation {
  const below = (path: string): string => (path === '' ? name : `${path}/${name}`);
  return { mount: folder.mount, name: below(folder.name), data: below(folder.data), metadata: below(folder.metadata) };
}

async function byTags(
  kv: KvReader,
  candidates: readonly KvLocation[],
  tags: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly KvLocation[]> {
  const verdicts = await inParallel(candidates, async (candidate) => {
    const texts = await unlessGone(kv.metadata(candidate, candidate.name, signal));
    return texts !== undefined && Object.entries(tags).every(([name, value]) => texts.get(name) === value);
  });
  return candidates.filter((_candidate, at) => verdicts[at] === true);
}

async function readAll(
  kv: KvReader,
  chosen: readonly KvLocation[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SecretValue>> {
  const values = await inParallel(chosen, async (location) => {
    const value = await unlessGone(kv.data(location, { key: location.name }, signal));
    return value === undefined ? [] : [[location.name, value] as const];
  });
  return new Map(values.flat());
}

/** A secret whose latest version is deleted is still listed: it is no part of the result. */
async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Results in the order of the items; the first failure ends it, and no further item is begun. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = Array.from<R>({ length: items.length });
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const at = next++;
      try {
        results[at] = await work(items[at]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
  return results;
}
