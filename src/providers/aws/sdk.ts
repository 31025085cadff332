/**
 * How we use the AWS SDK: settings common to all clients, and the one place through which commands are sent, counted
 * and their errors turned into ours.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { SecretValue } from '../../secret-value.ts';
import type { Proxies } from '../../proxy.ts';
import type { ApiCallObserver, ProviderEnvironment, RetrySettings } from '../provider.ts';
import { awsError, isExpired, type AwsCallInfo } from './errors.ts';
import { keysFor, sdkCredentials, type KeySource } from './keys.ts';

const USER_AGENT = 'external-secrets-ts';
const DEFAULT_ATTEMPTS = 3;
const LONGEST_DELAY_MS = 60_000;

/** Requests are signed one by one, so one pool of connections serves all identities. */
const direct = connectionsThrough(undefined);
const proxied = new WeakMap<Proxies, ReturnType<typeof connectionsThrough>>();

function connections(proxies: Proxies | undefined): ReturnType<typeof connectionsThrough> {
  if (proxies === undefined) return direct;
  const known = proxied.get(proxies) ?? connectionsThrough(proxies);
  proxied.set(proxies, known);
  return known;
}

/** Which proxy a connection takes is Node's to decide, by the same variables; this machine itself is never behind one. */
function connectionsThrough(proxies: Proxies | undefined) {
  const { http, https, no } = proxies ?? {};
  const proxyEnv = {
    ...(http === undefined ? {} : { HTTP_PROXY: http }),
    ...(https === undefined ? {} : { HTTPS_PROXY: https }),
    NO_PROXY: [no, 'localhost', '127.0.0.1', '::1'].filter((entry) => entry !== undefined).join(','),
  };
  const options = { keepAlive: true, maxSockets: 64, proxyEnv };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

const timeouts = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };

export type EndpointVariable =
  | 'AWS_SECRETSMANAGER_ENDPOINT'
  | 'AWS_SSM_ENDPOINT'
  | 'AWS_STS_ENDPOINT'
  | 'AWS_ECR_ENDPOINT'
  | 'AWS_ECR_PUBLIC_ENDPOINT';

export interface SdkSettings {
  readonly region: string;
  readonly environment: ProviderEnvironment;
  readonly endpointVariable: EndpointVariable;
  /** Absent: calls are not signed. */
  readonly keys?: KeySource | undefined;
  readonly retry?: RetrySettings | undefined;
}

/** The configuration of an SDK client. */
export function sdkConfig({ region, environment, endpointVariable, keys, retry }: SdkSettings) {
  const endpoint = environment.awsEndpoints[endpointVariable];
  return {
    region,
    requestHandler: { ...connections(environment.proxies), ...timeouts },
    customUserAgent: [[USER_AGENT]] as [string][],
    ...(endpoint === undefined || endpoint === '' ? {} : { endpoint }),
    ...(keys === undefined ? {} : { credentials: sdkCredentials(keys) }),
    ...retryConfig(retry),
  };
}

/** Without `retrySettings` the SDK's own three attempts; with them `maxRetries` retries (0: none) at a fixed distance. */
function retryConfig(retry: RetrySettings | undefined) {
  if (retry === undefined) return { maxAttempts: DEFAULT_ATTEMPTS };
  const maxAttempts = (retry.maxRetries ?? DEFAULT_ATTEMPTS - 1) + 1;
  const interval = retry.retryIntervalMs;
  if (interval === undefined || interval <= 0) return { maxAttempts };
  return { maxAttempts, retryStrategy: new FixedDelay(maxAttempts, Math.min(interval, LONGEST_DELAY_MS)) };
}

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
}

/** A retry strategy of the SDK: the same delay before each retry. */
class FixedDelay {
  readonly #attempts: number;
  readonly #delayMs: number;

  constructor(attempts: number, delayMs: number) {
    this.#attempts = attempts;
    this.#delayMs = delayMs;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return this.#token(0);
  }

  async refreshRetryTokenForRetry(token: RetryToken, info: { readonly errorType: string }): Promise<RetryToken> {
    const retries = token.getRetryCount() + 1;
    if (retries >= this.#attempts || info.errorType === 'CLIENT_ERROR') throw new Error('no retries left');
    return this.#token(retries);
  }

  recordSuccess(): void {}

  #token(retries: number): RetryToken {
    return { getRetryCount: () => retries, getRetryDelay: () => this.#delayMs };
  }
}

/** Sends commands of one service. */
export interface AwsCaller {
  readonly region: string;
  /**
   * Runs one API call. When AWS says that our temporary keys are over, they are fetched again and the call is repeated
   * once. `pushed`: this belongs to a push of these values, which must not come back in an error. @throws ProviderError, or the signal's reason
   */
  call<T>(
    action: string,
    send: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    key?: string,
    pushed?: readonly SecretValue[],
  ): Promise<T>;
}

export function awsCaller(options: {
  /** The label of the metric, e.g. `AWS/SecretsManager`. */
  readonly label: string;
  /** IAM's name of the service, e.g. `secretsmanager`. */
  readonly service: string;
  readonly region: string;
  readonly observe: ApiCallObserver;
  readonly keys?: KeySource | undefined;
}): AwsCaller {
  const { label, service, region, observe, keys } = options;
  const once = async <T>(
    info: AwsCallInfo,
    send: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    try {
      const result = await send(signal);
      observe(label, info.action, 'success');
      return result;
    } catch (error) {
      observe(label, info.action, 'error');
      throw awsError(error, info, signal);
    }
  };
  return {
    region,
    async call(action, send, signal, key, pushed) {
      const info = { service, action, region, key, pushed };
      if (keys !== undefined) await keysFor(keys, signal);
      try {
        return await once(info, send, signal);
      } catch (error) {
        if (keys === undefined || !isExpired(error)) throw error;
        keys.forget();
        await keysFor(keys, signal);
        return once(info, send, signal);
      }
    },
  };
}
