/**
 * What the Webhook generator asks (`providers.md` 7.8): one call, all members of the answer. Each call has templates and connections of
 * its own, so that nothing of one consumer reaches another.
 */
import { InvalidProviderConfigError, PropertyNotFoundError } from '../errors.ts';
import { JsonSyntaxError, parseJson } from '../json/index.ts';
import { outboundAgent, OutboundRules } from '../outbound.ts';
import type { SessionContext } from '../provider.ts';
import type { SecretValue } from '../../secret-value.ts';
import { WebhookCaller } from './caller.ts';
import { NTLM_UNAVAILABLE } from './check.ts';
import { methodOf, secretsOf, timeoutOf } from './index.ts';
import { findByJsonPath, JsonPathError } from './json-path.ts';
import type { WebhookSpec } from './spec.ts';
import { targetOf } from './target.ts';
import { Templates } from './templates.ts';
import { pieceOfAnswer, webhookValues, wholeAnswer } from './values.ts';

/** Nothing is asked for: the call alone says it. */
const NO_REFERENCE = { key: '', version: '', property: '', namespace: '' };

/** The JSONPath of `result` is taken as it stands. @throws ProviderError */
export async function callWebhook(context: SessionContext<WebhookSpec>): Promise<ReadonlyMap<string, SecretValue>> {
  const { spec, cluster, clock, observe, environment, signal } = context;
  if (spec.auth?.ntlm !== undefined) throw new InvalidProviderConfigError(NTLM_UNAVAILABLE);
  const timeoutMs = timeoutOf(spec.timeout);
  const { result, caBundle, caProvider, ...texts } = spec;
  const templates = new Templates(texts, await secretsOf(context), clock);
  const ca = await cluster.certificateAuthority('webhook', { caBundle, caProvider });
  const agent = outboundAgent({ rules: new OutboundRules(environment.allowTargets, environment.proxies), tls: { ca } });
  const caller = new WebhookCaller({ dispatcher: agent, timeoutMs, clock, observe });
  try {
    const { url, headers, body } = await templates.render(NO_REFERENCE, signal);
    const request = { url: targetOf(url), method: methodOf(spec.method), headers, body };
    return membersOf(await caller.call(request, '', signal), result?.jsonPath ?? '');
  } finally {
    caller.close();
    await agent.destroy();
  }
}

function membersOf(answer: Uint8Array, jsonPath: string): ReadonlyMap<string, SecretValue> {
  const raw = jsonPath === '' ? wholeAnswer(answer) : pieceAt(jsonPath, answer);
  return webhookValues.entries(raw, { key: '' });
}

function pieceAt(jsonPath: string, answer: Uint8Array): SecretValue {
  try {
    return pieceOfAnswer(findByJsonPath(jsonPath, parseJson(answer)));
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new PropertyNotFoundError('result.jsonPath: the answer is not JSON');
    if (error instanceof JsonPathError) throw new PropertyNotFoundError(`result.jsonPath: ${error.message}`);
    throw error;
  }
}
