/**
 * Which secrets a `find` means. AWS filters by prefix and looks at tag names and tag values independently; so its answer
 * is looked through again: a tag pair must be there exactly, and the name must match.
 */
import {
  ListSecretsCommand,
  type Filter,
  type SecretListEntry,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { InvalidRefError } from '../errors.ts';
import { namePattern } from '../name-pattern.ts';
import type { FindQuery } from '../provider.ts';
import type { AwsCaller } from './sdk.ts';

const PAGE_SIZE = 100;
const MOST_FILTERS = 10;
/** Other values are refused by AWS as a filter; then only our own check decides. */
const FILTER_VALUE = /^[a-zA-Z0-9 :_@/+=.\-!]{1,512}$/;

/** Names of all that match. @throws InvalidRefError when neither a name nor tags are asked for */
export async function listSecrets(
  sdk: SecretsManagerClient,
  caller: AwsCaller,
  query: FindQuery,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const tags = Object.entries(query.tags ?? {});
  if (query.nameRegexp === undefined && tags.length === 0) {
    throw new InvalidRefError('find: set name.regexp or tags; a path alone is not enough');
  }
  const matches = namePattern(query.nameRegexp);
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListSecretsCommand({ MaxResults: PAGE_SIZE, Filters: filtersOf(query.path, tags), NextToken });
    const page = await caller.call('ListSecrets', (abortSignal) => sdk.send(command, { abortSignal }), signal);
    for (const secret of page.SecretList ?? []) {
      if (secret.Name !== undefined && matches(secret.Name) && hasTags(secret, tags)) names.push(secret.Name);
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== '');
  return names;
}

function filtersOf(path: string | undefined, tags: readonly (readonly [string, string])[]): Filter[] | undefined {
  const filters: Filter[] = [];
  if (path !== undefined && path !== '') filters.push({ Key: 'name', Values: [path] });
  for (const [key, value] of tags) {
    if (FILTER_VALUE.test(key) && !key.startsWith('!')) filters.push({ Key: 'tag-key', Values: [key] });
    if (FILTER_VALUE.test(value) && !value.startsWith('!')) filters.push({ Key: 'tag-value', Values: [value] });
  }
  return filters.length === 0 ? undefined : filters.slice(0, MOST_FILTERS);
}

function hasTags({ Tags = [] }: SecretListEntry, wanted: readonly (readonly [string, string])[]): boolean {
  return wanted.every(([key, value]) => Tags.some((tag) => tag.Key === key && tag.Value === value));
}
