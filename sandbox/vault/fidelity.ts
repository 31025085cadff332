/**
 * Plays the table of requests against a server and writes down its answers, with what differs from run to run masked.
 */
import { isObject } from './json.ts';
import type { Step } from './fidelity.table.ts';

export interface Answer {
  readonly call: string;
  readonly status: number;
  /** Masked; null for no content. */
  readonly body: unknown;
}

export interface Server {
  readonly address: string;
  readonly rootToken: string;
  /** Texts for `<name>` in the table. */
  readonly given: Readonly<Record<string, string>>;
}

export async function play(steps: readonly Step[], server: Server): Promise<readonly Answer[]> {
  const known = new Map(Object.entries({ ...server.given, root: server.rootToken }));
  const answers: Answer[] = [];
  for (const step of steps) {
    const [method = 'GET', path = ''] = fill(step.call, known).split(' ');
    // Node's parser does not know the method LIST; Vault takes it in this form as well.
    const isList = method === 'LIST';
    const response = await fetch(`${server.address}/v1/${path}${isList ? '?list=true' : ''}`, {
      method: isList ? 'GET' : method,
      redirect: 'manual',
      headers: headersFor(step, known),
      ...(step.body === undefined ? {} : { body: fill(JSON.stringify(step.body), jsonTexts(known)) }),
    });
    const text = await response.text();
    const body: unknown = text.startsWith('{') ? JSON.parse(text) : null;
    for (const [name, member] of Object.entries(step.save ?? {})) known.set(name, String(at(body, member)));
    answers.push({
      call: `${step.call}${step.as === undefined ? '' : ` as ${step.as}`}`,
      status: response.status,
      body: masked(body),
    });
  }
  return answers;
}

function headersFor(step: Step, known: ReadonlyMap<string, string>): Record<string, string> {
  const token = step.as === 'none' ? undefined : (known.get(step.as ?? 'root') ?? step.as);
  return { 'x-vault-request': 'true', ...(token === undefined ? {} : { 'x-vault-token': token }) };
}

function fill(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/<([a-z-]+)>/g, (all, name: string) => known.get(name) ?? all);
}

/** The same texts as they stand inside a JSON string. */
function jsonTexts(known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...known].map(([name, text]) => [name, JSON.stringify(text).slice(1, -1)]));
}

function at(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), body);
}

/** Members whose value is another one at each run. */
const VOLATILE = new Set([
  'request_id', 'accessor', 'client_token', 'secret_id', 'secret_id_accessor', 'role_id', 'entity_id', 'client_id', 'uuid',
  'cluster_id', 'cluster_name', 'server_time_utc', 'creation_time', 'service_account_uid',
]); // prettier-ignore

function masked(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, key)]));
  if (typeof value === 'string') return maskedText(value, name);
  // A second may pass between a login and a look at what is left.
  return name === 'ttl' && typeof value === 'number'
    ? Math.ceil(value / 10) * 10
    : VOLATILE.has(name)
      ? '<any>'
      : value;
}

function maskedText(text: string, name: string): string {
  if (VOLATILE.has(name)) return text === '' ? '' : '<any>';
  if (name === 'id') return text.startsWith('hv') ? `${text.slice(0, 4)}<any>` : text;
  return /^\d{4}-\d\d-\d\dT/.test(text) ? '<time>' : text;
}
