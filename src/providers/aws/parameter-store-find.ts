/**
 * Searching Parameter Store. By name: everything under a path (default `/`), matched by the whole name; tags are then
 * not looked at. By tags: exact pairs, all of them. Names come back in full.
 */
import {
  DescribeParametersCommand,
  GetParametersByPathCommand,
  type ParameterStringFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { SecretValue } from '../../secret-value.ts';
import { InvalidRefError, PermissionDeniedError, SecretNotFoundError } from '../errors.ts';
import { namePattern } from '../name-pattern.ts';
import type { FindQuery, ReadOutcome } from '../provider.ts';
import type { AwsCaller } from './sdk.ts';

export interface ParameterSearch {
  readonly sdk: SSMClient;
  readonly caller: AwsCaller;
  readonly read: (names: readonly string[]) => Promise<readonly ReadOutcome[]>;
  readonly batchSize: number;
}

type Values = ReadonlyMap<string, SecretValue>;

export async function findParameters(search: ParameterSearch, query: FindQuery, signal: AbortSignal): Promise<Values> {
  if (query.nameRegexp !== undefined) return findByName(search, query, signal);
  const tags = Object.entries(query.tags ?? {});
  if (tags.length === 0) throw new InvalidRefError('find: set name.regexp or tags; a path alone is not enough');
  const byTag = tags.map(([key, value]) => ({ Key: `tag:${key}`, Option: 'Equals', Values: [value] }));
  const names = await describe(search, [...byTag, ...pathFilter(query.path)], signal);
  return readAll(search, names);
}

async function findByName(search: ParameterSearch, query: FindQuery, signal: AbortSignal): Promise<Values> {
  const matches = namePattern(query.nameRegexp);
  try {
    return await readPath(search, query.path, matches, signal);
  } catch (error) {
    if (!(error instanceof PermissionDeniedError)) throw error;
    const names = await describe(search, pathFilter(query.path ?? '/'), signal);
    return readAll(search, names.filter(matches));
  }
}

async function readPath(
  { sdk, caller }: ParameterSearch,
  path: string | undefined,
  matches: (name: string) => boolean,
  signal: AbortSignal,
): Promise<Values> {
  const found = new Map<string, SecretValue>();
  let NextToken: string | undefined;
  do {
    const Path = path === undefined || path === '' ? '/' : path;
    const command = new GetParametersByPathCommand({ Path, Recursive: true, WithDecryption: true, NextToken });
    const send = (abortSignal: AbortSignal) => sdk.send(command, { abortSignal });
    const page = await caller.call('GetParametersByPath', send, signal);
    for (const { Name, Value } of page.Parameters ?? []) {
      if (Name !== undefined && Value !== undefined && matches(Name)) found.set(Name, SecretValue.ofText(Value));
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== '');
  return found;
}

async function describe(
  { sdk, caller }: ParameterSearch,
  ParameterFilters: ParameterStringFilter[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeParametersCommand({ ParameterFilters, MaxResults: 50, NextToken });
    const send = (abortSignal: AbortSignal) => sdk.send(command, { abortSignal });
    const page = await caller.call('DescribeParameters', send, signal);
    names.push(...(page.Parameters ?? []).flatMap(({ Name }) => (Name === undefined ? [] : [Name])));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== '');
  return names;
}

/** One that was deleted meanwhile is left out; any other failure fails the search. */
async function readAll({ read, batchSize }: ParameterSearch, names: readonly string[]): Promise<Values> {
  const found = new Map<string, SecretValue>();
  for (let at = 0; at < names.length; at += batchSize) {
    const page = names.slice(at, at + batchSize);
    const outcomes = await read(page);
    outcomes.forEach((outcome, index) => {
      if (outcome.ok) found.set(page[index]!, outcome.value);
      else if (!(outcome.error instanceof SecretNotFoundError)) throw outcome.error;
    });
  }
  return found;
}

function pathFilter(path: string | undefined): ParameterStringFilter[] {
  if (path === undefined || path === '') return [];
  return [{ Key: 'Path', Option: 'Recursive', Values: [path] }];
}
