/**
 * How AWS says no. Secrets Manager and Parameter Store answer in JSON, STS in XML, and the same trouble has different
 * names there.
 */
import type { CannedAnswer } from './http-proxy.ts';

export type AwsFault = 'deny' | 'throttle' | 'unavailable' | 'expired-token';

const JSON_ERRORS: Readonly<Record<AwsFault, readonly [status: number, type: string]>> = {
  deny: [400, 'AccessDeniedException'],
  throttle: [400, 'ThrottlingException'],
  unavailable: [503, 'ServiceUnavailableException'],
  'expired-token': [400, 'ExpiredTokenException'],
};

const XML_ERRORS: Readonly<Record<AwsFault, readonly [status: number, code: string]>> = {
  deny: [403, 'AccessDenied'],
  throttle: [400, 'Throttling'],
  unavailable: [503, 'ServiceUnavailable'],
  'expired-token': [403, 'ExpiredToken'],
};

const MESSAGES: Readonly<Record<AwsFault, string>> = {
  deny: 'User is not authorized to perform',
  throttle: 'Rate exceeded for',
  unavailable: 'Service is unable to handle',
  'expired-token': 'The security token included in the request is expired, for',
};

export function awsError(fault: AwsFault, action: string, protocol: 'json' | 'query'): CannedAnswer {
  const message = `${MESSAGES[fault]}: ${action}`;
  if (protocol === 'json') {
    const [status, type] = JSON_ERRORS[fault];
    return {
      status,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ __type: type, Message: message, message }),
    };
  }
  const [status, code] = XML_ERRORS[fault];
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}<RequestId>0</RequestId></ErrorResponse>`,
  };
}
