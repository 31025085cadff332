/**
 * For the tests of this folder: short calls to a sandbox, and a watch that collects what it is sent.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Json, JsonObject } from './json.ts';
import type { SandboxKube } from './server.ts';

export interface Result {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly contentType?: string;
  readonly accept?: string;
  readonly token?: string;
}

export async function call(
  kube: Pick<SandboxKube, 'url'>,
  method: string,
  path: string,
  body?: Json,
  options: CallOptions = {},
): Promise<Result> {
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
  if (body !== undefined) headers['content-type'] = options.contentType ?? 'application/json';
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  const response = await fetch(kube.url + path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as JsonObject, headers: response.headers };
}

export const MERGE = { contentType: 'application/merge-patch+json' };

export interface SeenEvent {
  readonly type: string;
  readonly object: JsonObject;
}

/** An open watch; `ended` tells how it closed. */
export interface OpenWatch {
  readonly events: SeenEvent[];
  readonly ended: Promise<'end' | 'reset'>;
  /** What came after the last whole line. */
  rest(): string;
  close(): void;
}

export async function watch(kube: Pick<SandboxKube, 'url'>, path: string): Promise<OpenWatch> {
  const abort = new AbortController();
  const response = await fetch(kube.url + path, { signal: abort.signal });
  const events: SeenEvent[] = [];
  let rest = '';
  const read = async (): Promise<'end' | 'reset'> => {
    try {
      for await (const chunk of response.body ?? []) {
        const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        events.push(...lines.map((line) => JSON.parse(line) as SeenEvent));
      }
      return 'end';
    } catch {
      return 'reset';
    }
  };
  return { events, ended: read(), rest: () => rest, close: () => abort.abort() };
}

/** Polls until `check` holds; sockets need a moment even when time stands still. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await check()) return;
    await wait(5);
  }
  throw new Error('what was waited for did not happen');
}
