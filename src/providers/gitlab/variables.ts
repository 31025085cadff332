/**
 * The variables of one project or group: all of them with one request per hundred. GitLab has no call for some of them.
 */
import { z } from 'zod';
import { SecretValue } from '../../secret-value.ts';
import { BackendUnavailableError, InvalidProviderConfigError } from '../errors.ts';
import type { GitlabCall, GitlabClient } from './client.ts';
import { describeSource, type Source } from './refusals.ts';
import type { Scoped } from './scope.ts';

export interface Variable extends Scoped {
  /** Undefined when the variable is hidden: GitLab shows its value to nobody. */
  readonly value: SecretValue | undefined;
}

export interface Listing {
  readonly source: Source;
  readonly byKey: ReadonlyMap<string, readonly Variable[]>;
  /** True when one answer held it all, so that nothing can have slipped from one page to another. */
  readonly isWhole: boolean;
}

const variableSchema = z.object({
  key: z.string(),
  value: z.string().nullable(),
  environment_scope: z.string().default('*'),
});
const groupSchema = z.object({ id: z.int(), full_path: z.string() });

/** A list that changes while it is read begins anew, but not for ever. */
const MOST_STARTS = 3;
/** What GitLab allows as a key. */
const KEY = /^[A-Za-z0-9_]+$/;
/** No variable can have this key. */
const IMPOSSIBLE_KEY = 'external-secrets-probe';
const NO_SUCH_VARIABLE = /variable not found/i;

const CALLS = {
  project: { list: 'ProjectVariablesList', get: 'ProjectVariableGet' },
  group: { list: 'GroupVariablesList', get: 'GroupVariableGet' },
} as const satisfies Record<Source['kind'], { readonly list: GitlabCall; readonly get: GitlabCall }>;

/** @throws ProviderError or the abort reason */
export async function listVariables(client: GitlabClient, source: Source, signal: AbortSignal): Promise<Listing> {
  const request = { call: CALLS[source.kind].list, source, path: ['variables'] } as const;
  for (let start = 1; ; start++) {
    const { items, pages, steady } = await client.list(request, signal);
    if (steady || start === MOST_STARTS) {
      const variables = parsed(z.array(variableSchema), items, client, source);
      return { source, byKey: byKey(variables), isWhole: pages === 1 };
    }
  }
}

/** Asks for one variable, of whatever scope. @throws ProviderError or the abort reason */
export async function variableExists(
  client: GitlabClient,
  source: Source,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!KEY.test(key)) return false;
  return client.exists(variableRequest(source, key), NO_SUCH_VARIABLE, signal);
}

/**
 * May we read the variables of this source? Asked for one that cannot exist: whoever may see variables is told so, all
 * others are refused. No value is read.
 * @throws ProviderError or the abort reason
 */
export async function mayReadVariables(client: GitlabClient, source: Source, signal: AbortSignal): Promise<void> {
  await client.exists(variableRequest(source, IMPOSSIBLE_KEY), NO_SUCH_VARIABLE, signal);
}

/** The groups a project is in, the nearest last. @throws ProviderError or the abort reason */
export async function groupsOf(client: GitlabClient, project: Source, signal: AbortSignal): Promise<readonly Source[]> {
  const { items } = await client.list({ call: 'ListProjectsGroups', source: project, path: ['groups'] }, signal);
  const depth = (path: string): number => path.split('/').length;
  return parsed(z.array(groupSchema), items, client, project)
    .toSorted((one, other) => depth(one.full_path) - depth(other.full_path))
    .map(({ full_path }) => ({ kind: 'group', id: full_path }));
}

/** @throws InvalidProviderConfigError for an id that would lead to another place of the API (D79). */
export function sourceOf(kind: Source['kind'], field: string, id: string): Source {
  if (id.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new InvalidProviderConfigError(`${field}: "${id}" is neither a number nor a path such as "shop/backend"`);
  return { kind, id };
}

function variableRequest(source: Source, key: string) {
  return { call: CALLS[source.kind].get, source, path: ['variables', key] } as const;
}

function byKey(variables: readonly z.infer<typeof variableSchema>[]): ReadonlyMap<string, readonly Variable[]> {
  const all = variables.map(({ key, value, environment_scope: scope }) => ({
    key,
    scope,
    value: value === null ? undefined : SecretValue.ofText(value),
  }));
  return Map.groupBy(all, ({ key }) => key);
}

function parsed<T>(schema: z.ZodType<T>, items: readonly unknown[], client: GitlabClient, source: Source): T {
  const result = schema.safeParse(items);
  if (result.success) return result.data;
  // What was wrong with it is not told: it may be a value.
  throw new BackendUnavailableError(
    `GitLab at ${client.host}: the list of ${describeSource(source)} is not as GitLab’s API describes it: check the url`,
  );
}
