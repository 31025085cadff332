/**
 * What an HTTP request asks of the API: which resource, which object, which verb.
 */
import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import type { Json } from './json.ts';
import { decodeProtobuf } from './protobuf.ts';
import { StatusError, badRequest, unsupportedMediaType } from './status.ts';

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** '' when the path names none. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Parses `/api/v1/namespaces/ns/secrets/name/sub` and its `/apis/group/version` form; undefined for any other path. */
export function resourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decodeURIComponent(part));
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const [group = '', version = '', ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1);
  if (rest.length === 0) return undefined;
  const inNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && !(rest.length === 3 && isNamespaceSubresource(rest[2]));
  const namespace = inNamespace ? (rest[1] ?? '') : '';
  const [plural = '', name = '', ...sub] = inNamespace ? rest.slice(2) : rest;
  return { group, version, plural, namespace, name, subresource: sub.join('/') };
}

function isNamespaceSubresource(part: string | undefined): boolean {
  return part === 'status' || part === 'finalize';
}

const MOST_BODY_BYTES = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES)
      throw new StatusError({
        code: 413,
        reason: 'RequestEntityTooLarge',
        message: `Request entity too large: limit is ${MOST_BODY_BYTES}`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The media type of a Content-Type header, without parameters; '' when absent. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Parses a body as its media type says. @throws 400 or 415 */
export function parseBody(body: Buffer, type: string): Json {
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(body);
  if (type.includes('cbor'))
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
    );
  const text = body.toString('utf8');
  try {
    return type.endsWith('yaml') ? (parseYaml(text) as Json) : (JSON.parse(text) as Json);
  } catch {
    throw badRequest(
      `the object provided is unrecognized (must be of type JSON): couldn't get version/kind; json parse error`,
    );
  }
}
