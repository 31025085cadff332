/** Asks for a sync now, whatever the interval, as people do it: `kubectl annotate externalsecret db force-sync=$(date +%s) --overwrite`. */
import { externalSecrets } from '../../src/api/resources.ts';
import type { Env } from './env.ts';

export async function force(env: Env, namespace: string, name: string): Promise<void> {
  const annotations = { 'force-sync': String(Math.random()) };
  await env.kube.patch(externalSecrets, { namespace, name }, { metadata: { annotations } });
}
