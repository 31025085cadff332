/**
 * What an answer other than success means for somebody who asked for a secret, in words that name the path Vault was
 * asked for and what to look at (journey J21, quirks Q05 and Q06).
 */
import {
  AuthenticationError,
  InvalidProviderConfigError,
  InvalidRefError,
  PermissionDeniedError,
  SecretNotFoundError,
  type ProviderError,
} from '../errors.ts';
import type { VaultAnswer } from './answer.ts';
import type { KvMount } from './paths.ts';

export interface Asked {
  readonly kv: KvMount;
  readonly verb: 'read' | 'list' | 'create' | 'update' | 'delete';
  /** The API path that was asked for. */
  readonly path: string;
  /** The key as the user wrote it; empty for a find over the whole mount. */
  readonly key: string;
  readonly version?: string | undefined;
}

const METHODS = { read: 'GET', list: 'LIST', create: 'PUT', update: 'PUT', delete: 'DELETE' } as const;

/** Vault takes a write for one or the other by rules that differ with path and version: both are always enough. */
const CAPABILITIES = {
  read: '"read"',
  list: '"list"',
  create: '"create" and "update"',
  update: '"create" and "update"',
  delete: '"delete"',
} as const;

/** @returns the error for an answer with status 400 and above. */
export function refusal(answer: VaultAnswer, asked: Asked): ProviderError {
  const init = { code: String(answer.status) };
  const said = answer.message === '' ? '' : ` ${answer.message}`;
  const about = `Vault: ${METHODS[asked.verb]} ${asked.path}: ${answer.status}${said}`;
  if (answer.status === 404) return notFound(answer, asked, about);
  if (answer.status === 403)
    return new PermissionDeniedError(
      `${about}; the role's policy needs ${CAPABILITIES[asked.verb]} on ${asked.path}${hints(asked)}`,
      init,
    );
  if (answer.status === 401) return new AuthenticationError(about, init);
  if (answer.status === 400) return new InvalidRefError(`${about}${hints(asked)}`, init);
  return new InvalidProviderConfigError(about, init);
}

/** Vault said with success or with "not found" that this version is no more. */
export function goneVersion(asked: Asked, destroyed: boolean): SecretNotFoundError {
  const which = asked.version === undefined ? 'the latest version of' : `version ${asked.version} of`;
  return new SecretNotFoundError(
    `Vault: ${which} the secret at ${asked.path} is ${destroyed ? 'destroyed' : 'deleted'}`,
    { code: '404' },
  );
}

/** The answer has not the shape of the KV version that the store names. */
export function wrongShape(asked: Asked): InvalidProviderConfigError {
  return new InvalidProviderConfigError(
    `Vault: ${METHODS[asked.verb]} ${asked.path}: the answer is not one of KV ${asked.kv.version}: ${compareVersions(asked)}`,
  );
}

/** Only an empty 404 says that there is no secret: on that word a deletion policy may act. */
function notFound(answer: VaultAnswer, asked: Asked, about: string): ProviderError {
  const init = { code: '404' };
  const versioned = answer.warnings.some((warning) => warning.includes('versioned K/V'));
  if (versioned)
    return new InvalidProviderConfigError(
      `${about}: the mount is KV version 2, the store says ${asked.kv.version}: set "version: v2"`,
      init,
    );
  if (answer.hasErrors)
    return new InvalidProviderConfigError(`${about}; check the store's server, namespace and path`, init);
  const what =
    asked.verb === 'list'
      ? 'no folder'
      : asked.version === undefined
        ? 'no secret'
        : `no version ${asked.version} of a secret`;
  return new SecretNotFoundError(`Vault has ${what} at ${asked.path} (404)${hints(asked)}`, init);
}

function hints(asked: Asked): string {
  const { kv, key } = asked;
  const found: string[] = [];
  if (kv.version === 'v2' && key.replace(/^\/+/, '').startsWith('data/') && (kv.path ?? '') !== '')
    found.push('the key begins with "data/", which was taken as a folder: leave it off unless there is such a folder');
  if (kv.version === 'v2' && /\/data\/*$/.test(kv.path ?? ''))
    found.push('the store\'s path ends with "/data", which is not part of the mount: leave it off');
  found.push(compareVersions(asked));
  return `; ${found.join('; ')}`;
}

function compareVersions({ kv }: Asked): string {
  const other = kv.version === 'v2' ? 'v1' : 'v2';
  return `the store says version ${kv.version}: if the mount is KV ${other}, set "version: ${other}"`;
}
