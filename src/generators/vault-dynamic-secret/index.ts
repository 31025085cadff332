/**
 * VaultDynamicSecret (`providers.md` 7.7): one call to any path of a Vault, whose answer becomes keys. What the call created is told by
 * the answer (a lease, a token); it lives as long as the token we logged in with, so then that is kept as well (D1).
 */
import { parseDuration } from '../../api/duration.ts';
import type { VaultDynamicSecretSpec } from '../../api/generators/vault-dynamic-secret.ts';
import { isJsonObject, valueBytes, type JsonObject } from '../../providers/json/index.ts';
import type { RetrySettings, SessionContext } from '../../providers/provider.ts';
import {
  OwnTokenSession,
  refusedCall,
  type DataRequest,
  type VaultAnswer,
  type VaultSpec,
} from '../../providers/vault/own-token.ts';
import { SecretValue } from '../../secret-value.ts';
import { GeneratorError } from '../errors.ts';
import type { Generated, GeneratorContext, GeneratorModule } from '../generator.ts';
import { keepLease } from './kept-lease.ts';
import { madeBy, parseState } from './made.ts';
import { RestoredLease } from './restored-lease.ts';

/** The schema leaves `provider` to whoever knows the Vault provider: here it is known. */
export type Spec = Omit<VaultDynamicSecretSpec, 'provider'> & { readonly provider: VaultSpec };

/** Real time; what cannot be revoked by then ends by itself. */
const GIVE_BACK_TIMEOUT_MS = 5000;

export const vaultDynamicSecretGenerator: GeneratorModule<Spec> = {
  generate,
  restore: (spec, state, contextFor) =>
    new RestoredLease(parseState(state), (signal) => sessionContext(spec, contextFor(signal))),
};

async function generate(spec: Spec, context: GeneratorContext): Promise<Generated> {
  const request = requestOf(spec);
  const session = await OwnTokenSession.open(sessionContext(spec, context));
  let isKept = false;
  try {
    const answer = await session.send(request, context.signal);
    if (answer.status >= 400 && !isEmpty(answer)) throw refusedCall(answer, spec.method ?? 'GET', request.path);
    const values = valuesOf(answer, spec);
    const made = madeBy(answer, session.issued);
    if (made === undefined) return { values };
    isKept = true;
    return { values, lease: keepLease(session, made, context.clock) };
  } finally {
    if (!isKept) await giveBack(session);
  }
}

/** Nothing hangs on the token, or nobody will use what does. */
async function giveBack(session: OwnTokenSession): Promise<void> {
  await session.revoke(AbortSignal.timeout(GIVE_BACK_TIMEOUT_MS));
  await session.close();
}

function sessionContext(spec: Spec, context: GeneratorContext): SessionContext<VaultSpec> {
  return { ...context, spec: spec.provider, retry: retryOf(spec.retrySettings) };
}

function retryOf(settings: Spec['retrySettings']): RetrySettings | undefined {
  if (settings === undefined) return undefined;
  const { maxRetries, retryInterval } = settings;
  return { maxRetries, retryIntervalMs: retryInterval === undefined ? undefined : parseDuration(retryInterval) };
}

function requestOf(spec: Spec): DataRequest {
  const path = spec.path.replace(/^\/+/, '');
  switch (spec.method?.toUpperCase() ?? 'GET') {
    case '':
    case 'GET':
      return { call: 'ReadSecretData', method: 'GET', path, query: spec.getParameters ?? {} };
    case 'LIST':
      return { call: 'ListSecrets', method: 'LIST', path };
    case 'DELETE':
      return { call: 'DeleteSecret', method: 'DELETE', path };
    default:
      return { call: 'WriteSecretData', method: 'PUT', path, body: JSON.stringify(bodyOf(spec.parameters)) };
  }
}

function bodyOf(parameters: unknown): unknown {
  if (parameters === undefined || parameters === null) return {};
  if (typeof parameters === 'object' && !Array.isArray(parameters)) return parameters;
  throw new GeneratorError('parameters must be a JSON object');
}

function valuesOf(answer: VaultAnswer, spec: Spec): ReadonlyMap<string, SecretValue> {
  const part = isEmpty(answer) ? undefined : partOf(answer, spec.resultType);
  if (part === undefined) {
    if (spec.allowEmptyResponse) return new Map();
    throw new GeneratorError(`Vault answered ${spec.path} without ${NAMES[spec.resultType]}; ${hint(answer, spec)}`);
  }
  const numbers = spec.resultType === 'Data' ? 'verbatim' : 'float64';
  return new Map([...part].map(([key, value]) => [key, SecretValue.ofBytes(valueBytes(value, numbers))]));
}

/** Nothing at all, or "not found" without an error: there is nothing at this path. */
function isEmpty({ status, hasErrors }: VaultAnswer): boolean {
  return status === 204 || (status === 404 && !hasErrors);
}

const NAMES = { Data: 'data', Auth: 'auth', Raw: 'content' } as const;

function partOf({ envelope, data, auth }: VaultAnswer, type: Spec['resultType']): JsonObject | undefined {
  if (type === 'Raw') return envelope;
  if (type === 'Auth') return auth;
  return isJsonObject(data) ? data : undefined;
}

function hint({ auth, data }: VaultAnswer, { resultType }: Spec): string {
  if (resultType === 'Data' && auth !== undefined) return 'it answered with a token: set resultType to Auth';
  if (resultType === 'Auth' && isJsonObject(data)) return 'it answered with data: set resultType to Data';
  return 'if that is expected, set allowEmptyResponse';
}
