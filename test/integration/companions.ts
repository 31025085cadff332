/** Starts the operator's two companions in this process, and asks the API server as kubectl does, warnings included. */
import { request } from 'node:https';
import { request as plainRequest } from 'node:http';
import { startCertController } from '../../src/assembly/certcontroller-process.ts';
import type { RunningController } from '../../src/assembly/controller-process.ts';
import { startWebhook, type RunningWebhook } from '../../src/assembly/webhook-process.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { parseCertControllerOptions, parseWebhookOptions } from '../../src/options.ts';
import type { Env } from './env.ts';

const FLAGS = ['--metrics-addr=127.0.0.1:0', '--healthz-addr=127.0.0.1:0'];

export interface Logged {
  /** All log lines so far, as text. */
  log(): string;
}

export async function webhook(env: Env, ...flags: readonly string[]): Promise<RunningWebhook & Logged> {
  const { clock } = env.machine;
  const environment = await env.machine.environmentOf('webhook', namespaceIn(flags));
  const options = parseWebhookOptions([...FLAGS, '--port=0', '--loglevel=debug', ...flags], environment);
  if (typeof options === 'string') throw new Error('--help starts nothing');
  const lines: string[] = [];
  const logDestination = { write: (line: string) => void lines.push(line) };
  const running = await startWebhook(options, { clock, logDestination, lingerMs: 0 });
  return { ...running, log: () => lines.join('') };
}

export async function certController(env: Env, ...flags: readonly string[]): Promise<RunningController & Logged> {
  const { clock } = env.machine;
  const environment = await env.machine.environmentOf('cert-controller', namespaceIn(flags));
  const options = parseCertControllerOptions([...FLAGS, '--loglevel=debug', ...flags], environment);
  if (typeof options === 'string') throw new Error('--help starts nothing');
  const lines: string[] = [];
  const logDestination = { write: (line: string) => void lines.push(line) };
  const running = await startCertController(options, { clock, logDestination });
  return { ...running, log: () => lines.join('') };
}

/** Where the process belongs, by its flags. */
function namespaceIn(flags: readonly string[]): string | undefined {
  const flag = '--secret-namespace=';
  return flags.find((each) => each.startsWith(flag))?.slice(flag.length);
}

/** What the API server said to a request. */
export interface Said {
  readonly status: number;
  /** The Status' message of a refusal; empty otherwise. */
  readonly message: string;
  /** What kubectl prints as `Warning: …`. */
  readonly warnings: readonly string[];
}

/** Creates (POST) or replaces (PUT) an object of a namespace or of the cluster, without help of our own client. */
export async function ask(env: Env, method: 'POST' | 'PUT', resource: Resource, object: KubeObject): Promise<Said> {
  const { clock } = env.machine;
  const environment = await env.machine.environmentOf('administrator');
  const config = await loadKubeConfig({ kubeconfig: environment['KUBECONFIG'], clock });
  const token = await config.token?.();
  const { namespace, name = '' } = object.metadata;
  const parts = [
    'apis',
    resource.group,
    resource.version,
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
  ];
  const url = `${config.server}/${[...parts, resource.plural, ...(method === 'PUT' ? [name] : [])].join('/')}`;
  const body = { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, ...object };
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const options = { method, headers, agent: false as const, ...(config.ca === undefined ? {} : { ca: config.ca }) };
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? request : plainRequest;
    const sent = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const said = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { kind?: string; message?: string };
        const message = said.kind === 'Status' ? (said.message ?? '') : '';
        resolve({ status: response.statusCode ?? 0, message, warnings: warningsIn(response.headers['warning'] ?? '') });
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** `299 - "text", 299 - "text"` with backslashes before quotes. */
function warningsIn(header: string): readonly string[] {
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}
