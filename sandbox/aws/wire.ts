/**
 * The two wire formats of the services we play: JSON with a target header (Secrets Manager, SSM, ECR) and the query protocol
 * with XML answers (STS).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Service = 'secretsmanager' | 'ssm' | 'sts' | 'ecr' | 'ecr-public';
export type Json = Readonly<Record<string, unknown>>;

export interface AwsRequest {
  readonly service: Service;
  readonly action: string;
  readonly input: Json;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** An error as AWS words it. */
export class AwsFault extends Error {
  override readonly name = 'AwsFault';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const TARGETS: Readonly<Record<string, Service>> = {
  secretsmanager: 'secretsmanager',
  AmazonSSM: 'ssm',
  AmazonEC2ContainerRegistry_V20150921: 'ecr',
  SpencerFrontendService: 'ecr-public',
};

export async function parseRequest(message: IncomingMessage): Promise<AwsRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { method = 'POST', url = '/', headers } = message;
  const common = { method, url, headers, body };
  const target = String(headers['x-amz-target'] ?? '');
  if (target !== '') {
    const [prefix = '', action = ''] = target.split('.');
    const service = TARGETS[prefix];
    if (service === undefined) throw new AwsFault('UnknownOperationException', '', 400);
    return { ...common, service, action, input: parseJson(body) };
  }
  const form = new URLSearchParams(body.toString('utf8'));
  return { ...common, service: 'sts', action: form.get('Action') ?? '', input: Object.fromEntries(form) };
}

function parseJson(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    throw new AwsFault('SerializationException', 'the request is no JSON');
  }
}

export function reply(response: ServerResponse, request: AwsRequest, result: Json): void {
  if (request.service === 'sts') {
    const { action } = request;
    const inner = xml(result);
    const body = `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${inner}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
    send(response, 200, 'text/xml', body);
  } else {
    send(response, 200, 'application/x-amz-json-1.1', JSON.stringify(result));
  }
}

export function replyFault(response: ServerResponse, service: Service, fault: AwsFault): void {
  if (service === 'sts') {
    const type = fault.status >= 500 ? 'Receiver' : 'Sender';
    const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>${type}</Type>${xml({ Code: fault.code, Message: fault.message })}</Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
    send(response, fault.status, 'text/xml', body);
  } else {
    const message = fault.message === '' ? {} : { [service === 'ssm' ? 'message' : 'Message']: fault.message };
    const body = JSON.stringify({ __type: fault.code, ...message });
    send(response, fault.status, 'application/x-amz-json-1.1', body);
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(body);
}

function xml(value: unknown): string {
  if (typeof value !== 'object' || value === null) return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `<${name}>${xml(member)}</${name}>`)
    .join('');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function text(input: Json, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

export function list(input: Json, name: string): readonly unknown[] {
  const value = input[name];
  return Array.isArray(value) ? value : [];
}

/** `[{Key, Value}]` as a map. */
export function tagsOf(input: Json, name: string): Map<string, string> {
  const pairs = list(input, name) as readonly { readonly Key: string; readonly Value: string }[];
  return new Map(pairs.map(({ Key, Value }) => [Key, Value ?? '']));
}

export function tagList(tags: ReadonlyMap<string, string>): readonly Json[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

/** One page of `items`; the token is the position of the next. */
export function page<T>(items: readonly T[], input: Json, most: number): { items: readonly T[]; NextToken?: string } {
  const from = Number(Buffer.from(text(input, 'NextToken') ?? '', 'base64').toString()) || 0;
  const size = Math.min(most, Number(input['MaxResults'] ?? most));
  const next = from + size < items.length ? Buffer.from(String(from + size)).toString('base64') : undefined;
  return { items: items.slice(from, from + size), ...(next === undefined ? {} : { NextToken: next }) };
}
