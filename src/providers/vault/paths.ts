/**
 * Where a secret is found in Vault's HTTP API: the user's key, normalised once, gives both the data and the metadata
 * path (`providers.md` 5.2, quirks Q04 and Q05, decision D79). Paths are without `/v1/` and not yet percent-encoded.
 *
 *   path "secret"   key "db", "secret/db", "secret/data/db"  →  secret/data/db      secret/metadata/db
 *   path "secret"   key "data/db"                            →  secret/data/data/db (a folder may be called data)
 *   no path         key "secret/db", "secret/data/db"        →  secret/data/db      secret/metadata/db
 *   v1              key "db", "secret/db"                     →  secret/db
 */
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';

export type KvVersion = 'v1' | 'v2';

export interface KvMount {
  /** The store's `path`, as written; undefined or empty: keys begin with the mount path. */
  readonly path: string | undefined;
  readonly version: KvVersion;
}

export interface KvLocation {
  /** The mount path, without slashes at its ends. Empty only for v1 without a store path, where it is not known. */
  readonly mount: string;
  /** Below the mount. */
  readonly name: string;
  /** What a read asks for. */
  readonly data: string;
  /** Versions and custom metadata. The same as `data` on v1, which has none: there it serves LIST. */
  readonly metadata: string;
}

/** @throws InvalidRefError when the key climbs, has empty segments or names no secret. */
export function locate(mount: KvMount, key: string): KvLocation {
  const wanted = segments('key', key);
  if (wanted.length === 0) throw new InvalidRefError('the key is empty');
  const base = segments('path', mount.path ?? '');
  const found = base.length > 0 ? below(mount, base, wanted) : spelledOut(mount, wanted);
  if (found.name === '')
    throw new InvalidRefError(
      `the key "${key}" names a mount but no secret: set the store's path, or write <mount>/<name>`,
    );
  return found;
}

/**
 * A folder to search: `path` of a find, which may be empty (the whole mount). The location's `name` is the folder below
 * the mount, its `metadata` the path to LIST.
 * @throws InvalidRefError as {@link locate}; and without a store path when the folder does not name a mount.
 */
export function locateFolder(mount: KvMount, folder: string | undefined): KvLocation {
  const wanted = segments('path', (folder ?? '').replace(/\/+$/, ''));
  const base = segments('path', mount.path ?? '');
  if (base.length > 0) return below(mount, base, wanted);
  if (wanted.length === 0)
    throw new InvalidRefError('find needs a path that begins with the mount, or a store with path');
  return spelledOut(mount, wanted);
}

/** The mount of an auth method as written in `field`, without slashes at its ends. @throws InvalidProviderConfigError */
export function authMount(field: string, text: string): string {
  const parts = text.replace(/^\/+|\/+$/g, '').split('/');
  if (parts.some((part) => part === '' || climbs(part)))
    throw new InvalidProviderConfigError(`${field}: "${text}" is not the mount path of an auth method`);
  return parts.join('/');
}

/** Percent-encodes the segments of an API path. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function below(mount: KvMount, base: readonly string[], wanted: readonly string[]): KvLocation {
  const repeated = wanted.length > base.length && base.every((segment, at) => segment === wanted[at]);
  const rest = repeated ? wanted.slice(base.length) : wanted;
  const dataRepeated = repeated && mount.version === 'v2' && rest[0] === 'data' && rest.length > 1;
  return location(mount.version, base, dataRepeated ? rest.slice(1) : rest);
}

/** Without a store path: the mount is what stands before the first `data` segment, else the first segment. */
function spelledOut({ version }: KvMount, wanted: readonly string[]): KvLocation {
  if (version === 'v1') return location('v1', [], wanted);
  const data = wanted.indexOf('data', 1);
  const marked = data > 0 && data < wanted.length - 1;
  const [mount, rest] = marked
    ? [wanted.slice(0, data), wanted.slice(data + 1)]
    : [wanted.slice(0, 1), wanted.slice(1)];
  return location('v2', mount, rest);
}

function location(version: KvVersion, base: readonly string[], rest: readonly string[]): KvLocation {
  const mount = base.join('/');
  const name = rest.join('/');
  const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');
  if (version === 'v1') return { mount, name, data: join(mount, name), metadata: join(mount, name) };
  return { mount, name, data: join(mount, 'data', name), metadata: join(mount, 'metadata', name) };
}

/**
 * Slashes at the front (and at the end of a store's path) are dropped, as Vault itself does by redirecting. Everything
 * else that could lead out of the mount is refused rather than repaired.
 */
function segments(what: 'key' | 'path', text: string): readonly string[] {
  const trimmed = what === 'path' ? text.replace(/^\/+|\/+$/g, '') : text.replace(/^\/+/, '');
  if (trimmed === '') return [];
  const parts = trimmed.split('/');
  for (const part of parts) {
    if (part === '') throw new InvalidRefError(`the ${what} "${text}" has an empty segment`);
    if (climbs(part)) throw new InvalidRefError(`the ${what} "${text}" must not contain "." or ".." segments`);
    if (/%(?:2f|5c)/i.test(part)) throw new InvalidRefError(`the ${what} "${text}" must not contain an encoded slash`);
    if (/\p{Cc}/u.test(part)) throw new InvalidRefError(`the ${what} contains a control character`);
  }
  return parts;
}

function climbs(segment: string): boolean {
  const plain = segment.replaceAll(/%2e/gi, '.');
  return plain === '.' || plain === '..';
}
