/**
 * For tests: a session's surroundings without a cluster. Secrets and tokens are given as plain texts; what is not given
 * fails as the real ClusterAccess does.
 */
import { systemClock, type Clock } from '../../clock.ts';
import { SecretValue } from '../../secret-value.ts';
import { InvalidProviderConfigError } from '../errors.ts';
import type { ClusterAccess, RetrySettings, SessionContext, StoreKind } from '../provider.ts';
import { vaultSpec, type VaultSpec } from './spec.ts';

export interface Surroundings {
  /** As a user writes it. */
  readonly spec: Record<string, unknown>;
  readonly kind?: StoreKind;
  readonly namespace?: string;
  /** `name/key` → text. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The token for a ServiceAccount, made anew for each request. */
  readonly accountToken?: (name: string, audiences: readonly string[]) => string | Promise<string>;
  readonly operatorToken?: string;
  readonly retry?: RetrySettings;
  readonly clock?: Clock;
  readonly allowTargets?: readonly string[];
  readonly observe?: (call: string, status: 'success' | 'error') => void;
  readonly signal?: AbortSignal;
}

export function sessionContext(given: Surroundings): SessionContext<VaultSpec> {
  const kind = given.kind ?? 'SecretStore';
  return {
    store: { kind, namespace: kind === 'SecretStore' ? 'shop' : '', name: 'vault', uid: 'u1', generation: 1 },
    spec: vaultSpec.parse(given.spec),
    retry: given.retry ?? { maxRetries: 0 },
    namespace: given.namespace ?? 'shop',
    cluster: clusterAccess(given),
    clock: given.clock ?? systemClock,
    environment: {
      awsEndpoints: {},
      awsDefaults: {},
      allowTargets: given.allowTargets ?? ['127.0.0.0/8'],
      controllerCredentialsForAll: true,
    },
    observe: (_provider, call, status) => given.observe?.(call, status),
    signal: given.signal ?? new AbortController().signal,
  };
}

function clusterAccess(given: Surroundings): ClusterAccess {
  const { secrets = {}, accountToken } = given;
  return {
    async secretKey(field, selector, defaultKey) {
      const text = secrets[`${selector.name}/${selector.key ?? defaultKey}`];
      if (text === undefined) throw new InvalidProviderConfigError(`${field}: no key in Secret "${selector.name}"`);
      return SecretValue.ofText(text);
    },
    async secret(field) {
      throw new InvalidProviderConfigError(`${field}: whole Secrets are not needed here`);
    },
    async serviceAccount(_field, selector) {
      return { namespace: selector.namespace ?? 'shop', name: selector.name, uid: 'a1', annotations: {} };
    },
    async serviceAccountToken(field, selector, request) {
      if (accountToken === undefined) throw new InvalidProviderConfigError(`${field}: no ServiceAccount tokens here`);
      const token = await accountToken(selector.name, request.audiences);
      return { token: SecretValue.ofText(token), expiresAt: 0 };
    },
    async certificateAuthority(_field, { caBundle }) {
      return caBundle;
    },
    async operatorToken(field) {
      if (given.operatorToken === undefined) throw new InvalidProviderConfigError(`${field}: no operator token here`);
      return SecretValue.ofText(given.operatorToken);
    },
  };
}
