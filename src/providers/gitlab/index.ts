/**
 * Opens sessions with GitLab: token, connection pool, and where the variables are.
 */
import { validateHeaderValue } from 'node:http';
import type { Agent } from 'undici';
import { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError, InvalidRefError } from '../errors.ts';
import { jsonValues } from '../json-values.ts';
import { namePattern } from '../name-pattern.ts';
import { outboundAgent, OutboundRules, parseTarget } from '../outbound.ts';
import type {
  FindQuery,
  ProviderModule,
  ReadOutcome,
  ReadRef,
  SecretsClient,
  SessionContext,
  Validity,
} from '../provider.ts';
import { UnprobedClient } from '../unprobed-client.ts';
import { Catalog } from './catalog.ts';
import { dependsOnNamespace, sourceErrors } from './check.ts';
import { GitlabClient } from './client.ts';
import type { GitlabSpec } from './spec.ts';
import { sourceOf } from './variables.ts';

export const gitlabModule: ProviderModule<GitlabSpec> = { open: openGitlab, values: jsonValues };

const DEFAULT_URL = 'https://gitlab.com';
/** One list answers for every key that is in it. */
const BATCH_SIZE = 1_000;
const SCOPE_TAG = 'environment_scope';

/** @throws InvalidProviderConfigError when an object the spec names is missing, or the spec is of no use. */
async function openGitlab(context: SessionContext<GitlabSpec>): Promise<SecretsClient> {
  const { spec, namespace, store, clock, observe, environment } = context;
  if (store.kind === 'ClusterSecretStore' && namespace === '' && dependsOnNamespace(spec)) return new UnprobedClient();
  const url = parseTarget('url', spec.url === undefined || spec.url === '' ? DEFAULT_URL : spec.url);
  const { caBundle, caProvider } = spec;
  const ca = await context.cluster.certificateAuthority('caBundle', { caBundle, caProvider });
  const token = await tokenOf(context);
  const sources = sourcesOf(spec);
  const agent = outboundAgent({ rules: new OutboundRules(environment.allowTargets, environment.proxies), tls: { ca } });
  const client = new GitlabClient({ url, dispatcher: agent, token, clock, observe });
  const catalog = new Catalog({ client, ...sources, environment: spec.environment ?? '' });
  return new GitlabSession(catalog, spec.environment ?? '', agent);
}

async function tokenOf({ spec, cluster }: SessionContext<GitlabSpec>): Promise<SecretValue> {
  const field = 'auth.SecretRef.accessToken';
  const selector = spec.auth.SecretRef.accessToken;
  if (selector === undefined) throw new InvalidProviderConfigError(`${field} is not set: name a Secret and its key`);
  const text = (await cluster.secretKey(field, selector)).revealText().trim();
  try {
    validateHeaderValue('authorization', `Bearer ${text}`);
  } catch {
    throw new InvalidProviderConfigError(`${field}: the token has characters that a token cannot have`);
  }
  if (text === '') throw new InvalidProviderConfigError(`${field}: the token is empty`);
  return SecretValue.ofText(text);
}

function sourcesOf(spec: GitlabSpec) {
  const [problem] = sourceErrors(spec);
  if (problem !== undefined) throw new InvalidProviderConfigError(problem);
  const { projectID = '', groupIDs = [], inheritFromGroups } = spec;
  return {
    project: projectID === '' ? undefined : sourceOf('project', 'projectID', projectID),
    groups: inheritFromGroups === true ? undefined : groupIDs.map((id) => sourceOf('group', 'groupIDs', id)),
  };
}

class GitlabSession implements SecretsClient {
  readonly batchSize = BATCH_SIZE;
  readonly #catalog: Catalog;
  readonly #environment: string;
  readonly #agent: Agent;

  constructor(catalog: Catalog, environment: string, agent: Agent) {
    this.#catalog = catalog;
    this.#environment = environment;
    this.#agent = agent;
  }

  async read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    signal.throwIfAborted();
    const refusals = refs.map(unreadable);
    const keys = refs.filter((_ref, at) => refusals[at] === undefined).map(({ key }) => key);
    const outcomes = await this.#catalog.read([...new Set(keys)], signal);
    return refs.map(({ key }, at) => refusals[at] ?? outcomes.get(key)!);
  }

  async find({ path, nameRegexp, tags }: FindQuery, signal: AbortSignal) {
    if (path !== undefined) throw new InvalidRefError('find.path: GitLab variables have no path');
    return this.#catalog.find(namePattern(nameRegexp), this.#scopeOf(tags), signal);
  }

  async validate(signal: AbortSignal): Promise<Validity> {
    await this.#catalog.check(signal);
    return 'Ready';
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The SecretStore's environment is a boundary: a search may choose one only where the SecretStore does not. */
  #scopeOf(tags: FindQuery['tags'] = {}): string {
    const foreign = Object.keys(tags).find((tag) => tag !== SCOPE_TAG);
    if (foreign !== undefined)
      throw new InvalidRefError(`find.tags: GitLab variables have only the tag ${SCOPE_TAG}, not "${foreign}"`);
    const wanted = tags[SCOPE_TAG] ?? this.#environment;
    if (this.#environment !== '' && wanted !== this.#environment)
      throw new InvalidRefError(
        `find.tags: ${SCOPE_TAG} is "${wanted}", but the SecretStore is for environment "${this.#environment}"`,
      );
    return wanted;
  }
}

/** What GitLab does not have is refused, so that nobody gets something else than was asked for. */
function unreadable({ key, version = '', metadataPolicy }: ReadRef): ReadOutcome | undefined {
  const refuse = (what: string): ReadOutcome => ({
    ok: false,
    error: new InvalidRefError(`variable "${key}": ${what}`),
  });
  if (metadataPolicy === 'Fetch') return refuse('metadataPolicy Fetch is not supported by the gitlab provider');
  return version === '' ? undefined : refuse(`GitLab keeps no versions, "${version}" cannot be read`);
}
