/**
 * The door of an integration test to its world:
 *
 *     const env = await useEnv();
 *     test('…', async () => { const namespace = await env.namespace('j12'); … });
 *
 * `npm test` gives the sandbox, `npm run test:e2e` the real parts. One env per test file, disposed after its last test.
 */
import { after } from 'node:test';
import type { Env, Feature } from './env.ts';

/** Makes this file's env. To be awaited at the top of the file, once. */
export async function useEnv(): Promise<Env> {
  const env = await makeCurrentEnv();
  after(() => env.dispose());
  return env;
}

async function makeCurrentEnv(): Promise<Env> {
  if (process.env['EXTERNAL_SECRETS_E2E'] === '1') return (await import('./real-env.ts')).realEnv();
  return (await import('./sandbox-env.ts')).sandboxEnv();
}

/**
 * Options for a test that needs a feature which not every world has: there it is left out, and the report says why.
 *
 *     test('refreshes each hour', requires(env, 'fast-time', 'an hour passes'), async () => { … });
 */
export function requires(env: Env, feature: Feature, why: string): { readonly skip: string | false } {
  return { skip: env.supports(feature) ? false : `needs ${feature}: ${why}` };
}
