/**
 * Keys to values over all sources of a SecretStore: the project first, then the groups from the last (or nearest) to
 * the first. However many keys are asked for, a source is listed at most once, and only while keys are missing.
 */
import type { SecretValue } from '../../secret-value.ts';
import {
  BackendUnavailableError,
  InvalidRefError,
  PermissionDeniedError,
  ProviderError,
  SecretNotFoundError,
} from '../errors.ts';
import type { ReadOutcome } from '../provider.ts';
import type { GitlabClient } from './client.ts';
import { describeSource, type Source } from './refusals.ts';
import { appliesEverywhere, forEnvironment, withoutEnvironment } from './scope.ts';
import { groupsOf, listVariables, mayReadVariables, variableExists, type Listing, type Variable } from './variables.ts';

export interface CatalogOptions {
  readonly client: GitlabClient;
  readonly project: Source | undefined;
  /** Undefined: those the project is in. */
  readonly groups: readonly Source[] | undefined;
  /** Empty: none. */
  readonly environment: string;
}

export class Catalog {
  readonly #options: CatalogOptions;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  /** One outcome per key. @throws only the abort reason */
  async read(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ReadOutcome>> {
    const outcomes = new Map<string, ReadOutcome>();
    const missing = new Set(keys);
    const listings: Listing[] = [];
    const settle = (key: string, outcome: ReadOutcome): void => {
      outcomes.set(key, outcome);
      missing.delete(key);
    };
    try {
      for await (const listing of this.#listings(() => missing.size > 0, signal)) {
        listings.push(listing);
        for (const key of missing) {
          const outcome = this.#outcome(listing, key);
          if (outcome !== undefined) settle(key, outcome);
        }
      }
      for (const key of missing) settle(key, await this.#notFound(listings, key, signal));
    } catch (error) {
      // What a source further down would have said concerns only the keys that are not found yet.
      if (!(error instanceof ProviderError)) throw error;
      for (const key of missing) settle(key, { ok: false, error });
    }
    return outcomes;
  }

  /**
   * Every key that `isWanted`, with its value for `environment`; without one, what applies to all environments.
   * @throws ProviderError, also when one of them is hidden, or the abort reason
   */
  async find(
    isWanted: (key: string) => boolean,
    environment: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SecretValue>> {
    const found = new Map<string, SecretValue>();
    for await (const { source, byKey } of this.#listings(() => true, signal)) {
      for (const [key, variables] of byKey) {
        if (found.has(key) || !isWanted(key)) continue;
        const variable = environment === '' ? appliesEverywhere(variables) : forEnvironment(variables, environment);
        if (variable?.value !== undefined) found.set(key, variable.value);
        else if (variable !== undefined) throw hidden(source, variable);
      }
    }
    return found;
  }

  /** @throws ProviderError when a source may not be read, or the abort reason */
  async check(signal: AbortSignal): Promise<void> {
    for await (const source of this.#sources(() => true, signal))
      await mayReadVariables(this.#options.client, source, signal);
  }

  async *#sources(goOn: () => boolean, signal: AbortSignal): AsyncGenerator<Source> {
    const { client, project, groups } = this.#options;
    if (project !== undefined) yield project;
    if (!goOn()) return;
    const below = groups ?? (project === undefined ? [] : await groupsOf(client, project, signal));
    for (const group of below.toReversed()) if (goOn()) yield group;
  }

  async *#listings(goOn: () => boolean, signal: AbortSignal): AsyncGenerator<Listing> {
    for await (const source of this.#sources(goOn, signal))
      yield await listVariables(this.#options.client, source, signal);
  }

  #outcome({ source, byKey }: Listing, key: string): ReadOutcome | undefined {
    const { environment } = this.#options;
    const variables = byKey.get(key);
    if (variables === undefined) return undefined;
    try {
      const variable = environment === '' ? withoutEnvironment(variables) : forEnvironment(variables, environment);
      if (variable === undefined) return undefined;
      if (variable.value === undefined) return { ok: false, error: hidden(source, variable) };
      return { ok: true, value: variable.value };
    } catch (error) {
      if (error instanceof InvalidRefError) return { ok: false, error };
      throw error;
    }
  }

  /**
   * A variable may slip from the second page to the first while the list is read. As a deletion policy acts on "not
   * found", GitLab is asked for that very key where that can have happened.
   */
  async #notFound(listings: readonly Listing[], key: string, signal: AbortSignal): Promise<ReadOutcome> {
    const { client } = this.#options;
    for (const { source, isWhole, byKey } of listings) {
      if (isWhole || byKey.has(key) || !(await variableExists(client, source, key, signal))) continue;
      const message = `variable "${key}" of ${describeSource(source)}: the list changed while it was read`;
      const toOthers = `the variables of ${describeSource(source)} changed while they were read`;
      return { ok: false, error: new BackendUnavailableError(message, { toOthers }) };
    }
    return { ok: false, error: new SecretNotFoundError(this.#missing(listings, key)) };
  }

  #missing(listings: readonly Listing[], key: string): string {
    const { client, environment } = this.#options;
    const where = listings.map(({ source }) => describeSource(source)).join(', ');
    const scope = environment === '' ? '' : ` for environment "${environment}"`;
    return `GitLab at ${client.host}: variable "${key}" does not exist${scope} in ${where}`;
  }
}

function hidden(source: Source, { key }: Variable): PermissionDeniedError {
  return new PermissionDeniedError(
    `variable "${key}" of ${describeSource(source)} is hidden, GitLab shows its value to nobody: ` +
      'create it anew as masked, but not hidden',
  );
}
