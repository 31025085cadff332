/**
 * What AWS answers, turned into our errors. The text keeps AWS's code and sentence and adds what was asked, where, and
 * what helps; request ids, times and signatures are taken out, so that it is the same from try to try.
 */
import type { SecretValue } from '../../secret-value.ts';
import {
  AuthenticationError,
  BackendUnavailableError,
  InvalidRefError,
  PermissionDeniedError,
  ProviderError,
  SecretNotFoundError,
  ThrottledError,
} from '../errors.ts';
import { quotable } from '../exchange.ts';

/** What was asked of AWS, for people. */
export interface AwsCallInfo {
  /** IAM's name of the service, e.g. `secretsmanager`. */
  readonly service: string;
  /** E.g. `GetSecretValue`. */
  readonly action: string;
  readonly region: string;
  /** The remote key, as it was asked for. */
  readonly key?: string | undefined;
  /** Set when the call belongs to a push: the values, because AWS repeats what it does not like. */
  readonly pushed?: readonly SecretValue[] | undefined;
}

/** An answer of AWS, from an exception or from an `Errors` list. */
interface AwsAnswer {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly throttling: boolean;
  readonly retryAfterMs: number | undefined;
}

const NOT_FOUND = new Set([
  'ResourceNotFoundException',
  'ParameterNotFound',
  'ParameterVersionNotFound',
  'InvalidResourceId',
]);
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'KMSAccessDeniedException']);
const THROTTLED = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
]);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const UNAUTHENTICATED = new Set([
  ...EXPIRED,
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'AuthFailure',
  'NotAuthorized',
]);

/** Did AWS say that our temporary credentials are over? Then logging in again helps. */
export function isExpired(error: unknown): boolean {
  return error instanceof AuthenticationError && EXPIRED.has(error.code ?? '');
}

/** The exception of an SDK call as one of our errors; the abort reason and our own errors pass as they are. */
export function awsError(error: unknown, info: AwsCallInfo, signal?: AbortSignal): Error {
  if (error instanceof ProviderError) return error;
  if (signal?.aborted === true)
    return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
  const answer = answerOf(error);
  if (answer.status === undefined) return unreachable(error, info);
  return errorOf(answer, info, error);
}

/** An entry of a batch's `Errors` list as one of our errors. */
export function awsItemError(code: string | undefined, message: string | undefined, info: AwsCallInfo): ProviderError {
  const answer = {
    code: code ?? 'Unknown',
    message: stable(message ?? ''),
    status: 400,
    throttling: false,
    retryAfterMs: undefined,
  };
  return errorOf(answer, info, undefined);
}

function errorOf(answer: AwsAnswer, info: AwsCallInfo, cause: unknown): ProviderError {
  const { code } = answer;
  const message = info.pushed === undefined ? answer.message : withoutValues(answer.message, info.pushed);
  const init = { code, cause };
  const said = `${info.action}${info.key === undefined ? '' : ` of key "${info.key}"`}: ${code}${message === '' ? '' : `: ${message}`}`;
  const where = `(region ${info.region})`;
  if (NOT_FOUND.has(code))
    return new SecretNotFoundError(`key "${info.key ?? ''}" does not exist: ${code}: ${message} ${where}`, init);
  if (code === 'InvalidRequestException' && /marked (?:for deletion|deleted)/.test(message)) {
    return new SecretNotFoundError(
      `key "${info.key ?? ''}" is scheduled for deletion: ${code}: ${message} ${where}`,
      init,
    );
  }
  if (THROTTLED.has(code) || answer.throttling || answer.status === 429) {
    const toOthers = `AWS throttles ${info.action}: ${code} ${where}`;
    return new ThrottledError(`AWS throttles ${said} ${where}`, {
      ...init,
      toOthers,
      retryAfterMs: answer.retryAfterMs,
    });
  }
  if (DENIED.has(code)) {
    return new PermissionDeniedError(`AWS denied ${said} ${where}; ${remedy(info, message)}`, init);
  }
  if (UNAUTHENTICATED.has(code)) {
    return new AuthenticationError(`AWS did not accept our credentials for ${said} ${where}`, init);
  }
  if ((answer.status ?? 0) >= 500) {
    const toOthers = `AWS failed at ${info.action}: ${code} ${where}`;
    return new BackendUnavailableError(`AWS failed at ${said} ${where}`, { ...init, toOthers });
  }
  return new InvalidRefError(`AWS refused ${said} ${where}`, init);
}

/** Validation repeats what it refuses, and may cut it short: then it cannot be recognised, only left out. */
function withoutValues(message: string, pushed: readonly SecretValue[]): string {
  return quotable(message.replaceAll(/\bValue '.*' at '/g, "Value at '"), pushed);
}

function remedy({ service, action, key = '', pushed }: AwsCallInfo, message: string): string {
  if (/\bKMS\b|kms:/.test(message)) {
    const isWrite = /^(?:Create|Put|Update|Replicate)/.test(action);
    return `allow ${isWrite ? 'kms:GenerateDataKey and ' : ''}kms:Decrypt on the key that encrypts the secret`;
  }
  const form = service === 'ssm' && key !== '' ? ` (its ARN ends with ":parameter/${key.replace(/^\//, '')}")` : '';
  const tags =
    pushed === undefined
      ? ''
      : '; if that policy asks for tags on what is pushed, set them with metadata.tags (yourself where it exists already)';
  return `allow ${service}:${action} on it${form} in the IAM policy of the identity above${tags}`;
}

function unreachable(error: unknown, { action, region, service }: AwsCallInfo): ProviderError {
  const { name, message = '', hostname, code } = Object(error) as Partial<NodeJS.ErrnoException & { hostname: string }>;
  if (name === 'CredentialsProviderError') {
    return new AuthenticationError(`no AWS credentials for ${action}: ${stable(message)}`, {
      code: name,
      cause: error,
    });
  }
  const cause = [code ?? name, stable(message)].filter((part) => part !== undefined && part !== '').join(': ');
  const host = hostname ?? /(?:getaddrinfo|connect) \S+ (\S+)/.exec(message)?.[1];
  const target = host === undefined ? `AWS ${service}` : `AWS ${service} at ${host}`;
  return new BackendUnavailableError(
    `cannot reach ${target} for ${action} in region "${region}" (${cause}); check the region and the network`,
    {
      code: code ?? name,
      cause: error,
    },
  );
}

function answerOf(error: unknown): AwsAnswer {
  const thrown = Object(error) as {
    name?: string;
    message?: string;
    /** The wire's code where the SDK's class has another name (STS). */
    Code?: string;
    $metadata?: { httpStatusCode?: number };
    $retryable?: { throttling?: boolean };
    $response?: { headers?: Record<string, string> };
  };
  const seconds = Number(thrown.$response?.headers?.['retry-after']);
  return {
    code: thrown.Code ?? thrown.name ?? 'Unknown',
    message: thrown.message === 'UnknownError' ? '' : stable(thrown.message ?? ''),
    status: thrown.$metadata?.httpStatusCode,
    throttling: thrown.$retryable?.throttling === true,
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined,
  };
}

/** Takes out what differs from try to try. */
export function stable(message: string): string {
  return message
    .replaceAll(/[,;.]?\s*\(?request ?id:?\s*[0-9a-f-]{8,}\)?/gi, '')
    .replaceAll(/\s*Encoded authorization failure message: \S+/g, '')
    .replaceAll(/\s*Credential=\S+/g, '')
    .replaceAll(/\b\d{8}T\d{6}Z\b/g, '<time>')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
