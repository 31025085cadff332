/**
 * `node sandbox/kube/parity/run.ts [--record] REAL-URL [SANDBOX-URL]`: puts the table of requests to both and prints every
 * difference; ends with 1 when there is one. The real server is reached over plain HTTP through `kubectl proxy`. Without a
 * second URL a sandbox is started. `--record` keeps the real answers in `replies.golden.json` for the unit test.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../../src/clock.ts';
import type { Json } from '../json.ts';
import { startKube } from '../server.ts';
import type { Step } from './step.ts';
import { STEPS } from './steps.ts';
import { widgetDefinition } from './widget.ts';

export interface Reply {
  readonly status: number;
  readonly warnings: string | null;
  readonly body: unknown;
}

/** Runs all steps against one server, in a namespace of the given name; returns the masked replies in order. */
export async function runSteps(base: string, namespace: string): Promise<readonly Reply[]> {
  await prepare(base, namespace);
  const replies: Reply[] = [];
  let last: Record<string, Json> = {};
  for (const step of STEPS) {
    let reply = await ask(base, step, namespace, last);
    for (let tries = 0; step.until !== undefined && reply.status !== step.until && tries < 100; tries++) {
      await wait(200);
      reply = await ask(base, step, namespace, last);
    }
    if (reply.status < 300 && isObjectReply(reply.body)) last = reply.body;
    replies.push({ ...reply, body: mask(reply.body, namespace) });
  }
  return replies;
}

function isObjectReply(body: unknown): body is Record<string, Json> {
  return (
    typeof body === 'object' &&
    body !== null &&
    'metadata' in body &&
    !('items' in body) &&
    (body as { kind?: string }).kind !== 'Status'
  );
}

async function prepare(base: string, namespace: string): Promise<void> {
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition);
  await post('/api/v1/namespaces', { metadata: { name: namespace } });
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`${base}/apis/parity.example.com/v1/widgets`);
    await response.arrayBuffer();
    if (response.ok) return;
    await wait(100);
  }
  throw new Error('the Widget definition was not accepted');
}

async function ask(base: string, step: Step, namespace: string, last: Record<string, Json>): Promise<Reply> {
  const body = step.change === undefined ? step.body : step.change(last);
  const sent = body === undefined ? null : JSON.stringify(body).replaceAll('{ns}', namespace);
  const response = await fetch(base + step.path.replaceAll('{ns}', namespace), {
    method: step.method,
    headers: {
      accept: step.accept ?? 'application/json',
      'user-agent': step.userAgent ?? 'parity/1',
      ...(sent === null ? {} : { 'content-type': step.contentType ?? 'application/json' }),
    },
    body: sent,
  });
  const text = await response.text();
  return { status: response.status, warnings: response.headers.get('warning'), body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const MASKED = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'time',
  'token',
  'expirationTimestamp',
  'lastTransitionTime',
  'continue',
]);

const UID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Reviews and token requests are never stored: the sandbox tracks no ownership in them. */
function isQuestion(value: object): boolean {
  return 'kind' in value && /Review$|^TokenRequest$/.test(String(value.kind));
}

/** Entries of managedFields are sorted by time, which is masked. */
function managerOf(entry: unknown): string {
  const { manager, operation, apiVersion, subresource } = entry as Record<string, string | undefined>;
  return JSON.stringify([operation, manager, apiVersion, subresource ?? '']);
}

/** Hides what differs by nature; sorts causes, whose order is random on the real server, and drops repeated ones. */
function mask(value: unknown, namespace: string, key = '', transient = false): unknown {
  if (typeof value === 'string') {
    if (value.length > 4000) return `${value.length} characters`;
    if (MASKED.has(key) && value !== '') return '*';
    const text = value.replaceAll(namespace, '{ns}').replaceAll(UID, '{uid}');
    if (key === 'generateName' || text.startsWith('gen-')) return text.slice(0, 4);
    if (/^\d+s$/.test(text)) return '*s';
    if (text.startsWith('too old resource version')) return text.replaceAll(/\d+/g, 'N');
    return key === 'message'
      ? text
          .replace(/ is invalid: \[?/, ' is invalid, ')
          .replace(/\]$/, '')
          .split(', ')
          .sort()
          .join(', ')
      : text;
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => mask(item, namespace));
    if (key === 'managedFields') return items.sort((a, b) => (managerOf(a) < managerOf(b) ? -1 : 1));
    return key === 'causes'
      ? [...new Map(items.map((item) => [JSON.stringify(item), item])).values()].sort((a, b) =>
          JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
        )
      : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, member]) =>
      [
        name.replaceAll(UID, '{uid}'),
        name === 'description' ? '' : mask(member, namespace, name, isQuestion(value)),
      ] as const,
  );
  return Object.fromEntries(
    entries.filter(
      ([name, member]) =>
        !(name === 'creationTimestamp' && member === null) &&
        !(name === 'managedFields' && key === 'metadata' && transient),
    ),
  );
}

/** The names of the steps whose replies differ, with both replies. */
export function differences(real: readonly Reply[], sandbox: readonly Reply[]): readonly string[] {
  return STEPS.flatMap((step, index) => {
    const [a, b] = [real[index], sandbox[index]];
    if (isDeepStrictEqual(a, b) || (step.racy === true && a?.status === b?.status)) return [];
    return [`${step.name}: ${step.method} ${step.path}\n${difference(a, b, '')}`];
  });
}

function difference(real: unknown, sandbox: unknown, path: string): string {
  if (isDeepStrictEqual(real, sandbox)) return '';
  const both = [real, sandbox].every((value) => typeof value === 'object' && value !== null);
  if (!both)
    return `    ${path}\n      real    ${JSON.stringify(real)?.slice(0, 600)}\n      sandbox ${JSON.stringify(sandbox)?.slice(0, 600)}\n`;
  const [a, b] = [real as Record<string, unknown>, sandbox as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .map((key) => difference(a[key], b[key], `${path}/${key}`))
    .join('');
}

const RECORDED = fileURLToPath(new URL('replies.golden.json', import.meta.url));

/** What a real API server answered when the table was last recorded. */
export function recordedReplies(): readonly Reply[] {
  return JSON.parse(readFileSync(RECORDED, 'utf8')) as readonly Reply[];
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const [realUrl, sandboxUrl] = args.filter((arg) => !arg.startsWith('--'));
  if (realUrl === undefined) throw new Error('usage: node sandbox/kube/parity/run.ts [--record] URL [URL]');
  const own = sandboxUrl === undefined ? await startKube({ clock: systemClock, crds: [] }) : undefined;
  const namespace = `parity-${Date.now().toString(36)}`;
  const real = await runSteps(realUrl, namespace);
  if (args.includes('--record'))
    writeFileSync(RECORDED, `[\n${real.map((reply) => JSON.stringify(reply)).join(',\n')}\n]\n`);
  const sandbox = await runSteps(own?.url ?? sandboxUrl ?? '', namespace);
  const found = differences(real, sandbox);
  for (const text of found) console.log(text);
  console.log(`${STEPS.length} requests, ${found.length} answered differently`);
  await own?.stop();
  process.exitCode = found.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
