/**
 * Checking Signature Version 4 of a request, as AWS does it: the same computation with the secret key we know.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AwsRequest } from './wire.ts';

export interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const SCHEME =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]*)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** The parts of the Authorization header; undefined when the request is not signed. */
export function parseAuthorization(request: AwsRequest): Authorization | undefined {
  const found = SCHEME.exec(request.headers.authorization ?? '');
  if (found === null) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = '', signedHeaders = '', signature = ''] = found;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

export function isSignedWith(request: AwsRequest, authorization: Authorization, secretAccessKey: string): boolean {
  const { date, region, service, signature } = authorization;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const time = String(request.headers['x-amz-date'] ?? '');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical(request, authorization))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (signingKey, part) => createHmac('sha256', signingKey).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}

function canonical(request: AwsRequest, { signedHeaders }: Authorization): string {
  const url = new URL(request.url, 'http://localhost');
  const query = [...url.searchParams]
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .sort((a, b) => (a < b ? -1 : 1));
  const headers = signedHeaders.map((name) => `${name}:${headerText(request, name)}\n`).join('');
  return [request.method, url.pathname, query.join('&'), headers, signedHeaders.join(';'), sha256(request.body)].join(
    '\n',
  );
}

function headerText(request: AwsRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replaceAll(/ +/g, ' ');
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
