/**
 * The door of an integration test to its world:
 *
 *     const env = await useEnv();
 *     test('…', async () => { const namespace = await env.namespace('j12'); … });
 *
 * `npm test` gives the sandbox, `npm run test:e2e` the real parts. One env per test file, disposed after its last test.
 */
import { after } from 'node:test';
import type { SandboxAws } from '../../sandbox/aws/server.ts';
import { systemClock } from '../../src/clock.ts';
import type { Env, Feature } from './env.ts';

const onRealParts = process.env['EXTERNAL_SECRETS_E2E'] === '1';

/** Makes this file's env. To be awaited at the top of the file, once. */
export async function useEnv(): Promise<Env> {
  const env = onRealParts ? await (await import('./real-env.ts')).realEnv() : await sandbox();
  after(() => env.dispose());
  return env;
}

/**
 * The same, but beside the real parts too with the sandbox's AWS: it checks signatures, trust and rights, which moto does
 * not, and it knows who called (D80).
 */
export async function useEnvWithStrictAws(): Promise<Env & { readonly aws: SandboxAws }> {
  const env = onRealParts ? await realWithStrictAws() : await sandbox();
  after(() => env.dispose());
  return env;
}

async function sandbox(): Promise<Env & { readonly aws: SandboxAws }> {
  return (await import('./sandbox-env.ts')).sandboxEnv();
}

async function realWithStrictAws(): Promise<Env & { readonly aws: SandboxAws }> {
  const [{ realEnv }, { startAws }] = await Promise.all([
    import('./real-env.ts'),
    import('../../sandbox/aws/server.ts'),
  ]);
  return realEnv(() => startAws({ clock: systemClock }));
}

/**
 * Options for a test that needs a feature which not every world has: there it is left out, and the report says why.
 *
 *     test('refreshes each hour', requires(env, 'fast-time', 'an hour passes'), async () => { … });
 */
export function requires(env: Env, feature: Feature, why: string): { readonly skip: string | false } {
  return { skip: env.supports(feature) ? false : `needs ${feature}: ${why}` };
}
