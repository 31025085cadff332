/**
 * Opens sessions with a webhook: Secrets, templates, connection pool.
 */
import type { Agent } from 'undici';
import { DurationError, parseDuration } from '../../api/duration.ts';
import { InvalidProviderConfigError, PropertyNotFoundError, SecretNotFoundError } from '../errors.ts';
import { JsonSyntaxError, parseJson } from '../json/index.ts';
import { readOneByOne } from '../one-by-one.ts';
import { outboundAgent, OutboundRules, probeConnection } from '../outbound.ts';
import type {
  ProviderModule,
  Push,
  PushOutcome,
  ReadOutcome,
  ReadRef,
  SecretsClient,
  SessionContext,
  Validity,
} from '../provider.ts';
import type { SecretValue } from '../../secret-value.ts';
import { WebhookCaller } from './caller.ts';
import { NTLM_UNAVAILABLE, withoutNamespace } from './check.ts';
import { findByJsonPath, JsonPathError } from './json-path.ts';
import { WebhookPush } from './push.ts';
import type { WebhookSpec } from './spec.ts';
import { checkRef, probeTarget, targetOf, type ProbeTarget } from './target.ts';
import { usesMember } from './template-use.ts';
import { Templates, type SecretsData } from './templates.ts';
import { pieceOfAnswer, webhookValues, wholeAnswer } from './values.ts';

export const webhookModule: ProviderModule<WebhookSpec> = { open: openWebhook, values: webhookValues };

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 10 * 60_000;
const PROBE_TIMEOUT_MS = 15_000;
const TYPE_LABEL = 'external-secrets.io/type';

/** @throws InvalidProviderConfigError when an object the spec names is missing, or the spec is of no use. */
async function openWebhook(context: SessionContext<WebhookSpec>): Promise<SecretsClient> {
  const { spec, cluster, clock, observe, environment } = context;
  if (spec.auth?.ntlm !== undefined) throw new InvalidProviderConfigError(NTLM_UNAVAILABLE);
  const timeoutMs = timeoutOf(spec.timeout);
  const templates = new Templates(spec, await secretsOf(context), clock);
  const { caBundle, caProvider } = spec;
  const ca = await cluster.certificateAuthority('webhook', { caBundle, caProvider });
  const rules = new OutboundRules(environment.allowTargets, environment.proxies);
  const agent = outboundAgent({ rules, tls: { ca } });
  return new WebhookSession({
    spec,
    namespace: context.namespace,
    templates,
    rules,
    agent,
    caller: new WebhookCaller({ dispatcher: agent, timeoutMs, clock, observe }),
  });
}

interface WebhookSessionParts {
  readonly spec: WebhookSpec;
  /** The consumer's. */
  readonly namespace: string;
  readonly templates: Templates;
  readonly caller: WebhookCaller;
  readonly rules: OutboundRules;
  readonly agent: Agent;
}

class WebhookSession implements SecretsClient {
  readonly batchSize = 1;
  /** It only opens a connection. */
  readonly validatesElsewhere = true;
  readonly readsProperty: boolean;
  /** What was pushed cannot be read back and compared. */
  readonly pushesBlindly = true;
  readonly #parts: WebhookSessionParts;
  readonly #push: WebhookPush;
  readonly #probe: ProbeTarget | undefined;

  constructor(parts: WebhookSessionParts) {
    this.#parts = parts;
    this.#push = new WebhookPush(parts);
    this.#probe = probeTarget(parts.spec.url);
    this.readsProperty = usesMember(parts.spec, 'property');
  }

  read(refs: readonly ReadRef[], signal: AbortSignal): Promise<readonly ReadOutcome[]> {
    return readOneByOne(refs, (ref) => this.#call(ref, signal));
  }

  async push(push: Push, signal: AbortSignal): Promise<PushOutcome> {
    return this.#push.push(push, methodOf(this.#parts.spec.method, 'POST'), signal);
  }

  remove(removal: Pick<Push, 'remoteKey' | 'entries'>, signal: AbortSignal): Promise<void> {
    return this.#push.remove(removal, signal);
  }

  /** A read, as the store says how to read: 404 and a JSONPath that leads nowhere mean no. */
  async exists(remoteKey: string, property: string | undefined, signal: AbortSignal): Promise<boolean> {
    const ref = { key: remoteKey, property };
    try {
      webhookValues.select(await this.#call(ref, signal), ref);
      return true;
    } catch (error) {
      if (error instanceof SecretNotFoundError || error instanceof PropertyNotFoundError) return false;
      throw error;
    }
  }

  /** Reaches the server, without a request: none of ours would be harmless to all. */
  async validate(signal: AbortSignal): Promise<Validity> {
    if (this.#probe === undefined) return 'Unknown';
    await probeConnection(this.#parts.rules, this.#probe, PROBE_TIMEOUT_MS, signal);
    return 'Ready';
  }

  async close(): Promise<void> {
    this.#parts.caller.close();
    await this.#parts.agent.destroy();
  }

  async #call(ref: ReadRef, signal: AbortSignal): Promise<SecretValue> {
    const { spec, namespace, templates, caller } = this.#parts;
    const { key, version = '', property = '' } = ref;
    const remoteRef = { key, version, property, namespace };
    checkRef(remoteRef);
    const { url, headers, body, jsonPath } = await templates.render(remoteRef, signal);
    const method = methodOf(spec.method);
    const answer = await caller.call({ url: targetOf(url), method, headers, body }, key, signal);
    return jsonPath === '' ? wholeAnswer(answer) : pieceAt(jsonPath, answer, ref);
  }
}

/** All data of the Secrets that the templates may use, by the names the spec gives them. */
export async function secretsOf({ spec, store, cluster }: SessionContext<WebhookSpec>): Promise<SecretsData> {
  const [problem] = store.kind === 'ClusterSecretStore' ? withoutNamespace(spec) : [];
  if (problem !== undefined) throw new InvalidProviderConfigError(problem);
  const found = new Map<string, ReadonlyMap<string, SecretValue>>();
  for (const [index, { name, secretRef }] of (spec.secrets ?? []).entries()) {
    const field = `secrets[${index}].secretRef`;
    const { data, labels } = await cluster.secret(field, secretRef);
    if (labels[TYPE_LABEL] !== 'webhook')
      throw new InvalidProviderConfigError(
        `${field}: Secret "${secretRef.name}" must carry the label ${TYPE_LABEL}: webhook to be used by a webhook`,
      );
    found.set(name, data);
  }
  return found;
}

export function timeoutOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_TIMEOUT_MS;
  try {
    const ms = parseDuration(text);
    return ms > 0 ? Math.min(ms, LONGEST_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new InvalidProviderConfigError(`timeout: ${error.message}`);
  }
}

export function methodOf(method: string | undefined, fallback = 'GET'): string {
  if (method === undefined || method === '') return fallback;
  if (/^[A-Za-z]+$/.test(method) && !/^connect$/i.test(method)) return method;
  throw new InvalidProviderConfigError('method: not an HTTP method');
}

function pieceAt(jsonPath: string, answer: Uint8Array, { key, property = '' }: ReadRef): SecretValue {
  try {
    return pieceOfAnswer(findByJsonPath(jsonPath, parseJson(answer)));
  } catch (error) {
    const isSyntax = error instanceof JsonSyntaxError;
    if (!isSyntax && !(error instanceof JsonPathError)) throw error;
    const what = property === '' ? 'result.jsonPath' : `result.jsonPath (property ${JSON.stringify(property)})`;
    const why = isSyntax ? 'the answer is not JSON' : error.message;
    throw new PropertyNotFoundError(`${what} in the answer for key ${JSON.stringify(key)}: ${why}`);
  }
}
