/** `kubectl port-forward`, and what the other end answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { environment, NAMESPACE, parts } from './cluster.ts';

/** Forwards a free local port to `port` of e.g. `deploy/external-secrets` while `use` runs. */
export async function forwarded<T>(target: string, port: number, use: (url: string) => Promise<T>): Promise<T> {
  const args = [`--namespace=${NAMESPACE}`, 'port-forward', target, `:${port}`];
  const child = spawn(parts.kubectl, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (local !== undefined) return await use(`http://127.0.0.1:${local}`);
    }
    throw new Error(`kubectl forwarded nothing to ${target}`);
  } finally {
    if (child.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
  }
}

/** The samples of a page of metrics by name and labels. @throws when a line is neither a comment nor a sample */
export async function scrape(target: string): Promise<ReadonlyMap<string, number>> {
  const page = await forwarded(target, 8080, async (url) => (await fetch(`${url}/metrics`)).text());
  const samples = new Map<string, number>();
  for (const line of page.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, series, value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined || Number.isNaN(Number(value))) throw new Error(`not a sample: ${line}`);
    samples.set(series, Number(value));
  }
  return samples;
}
