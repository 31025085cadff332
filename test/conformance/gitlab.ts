/**
 * The sandbox's GitLab as a backend of the suite: a project inside a group, and a token that may read both.
 */
import { startGitlab, type SandboxGitlab } from '../../sandbox/gitlab/server.ts';
import { gitlabModule } from '../../src/providers/gitlab/index.ts';
import { gitlabSpec } from '../../src/providers/gitlab/spec.ts';
import type { SecretsClient, SessionContext } from '../../src/providers/provider.ts';
import { WarpClock } from '../builders/warp-clock.ts';
import { MemoryCluster } from './cluster.ts';
import type { ProviderBackend, ProviderFaults } from './provider.ts';

export const PROJECT = 'shop/backend';
export const TOKEN = 'glpat-conformance';

export interface GitlabConformance extends ProviderBackend {
  readonly gitlab: SandboxGitlab;
  readonly clock: WarpClock;
}

export async function gitlabBackend(): Promise<GitlabConformance> {
  const clock = new WarpClock();
  const gitlab = await startGitlab({ clock });
  gitlab.addGroup('shop');
  gitlab.addProject(PROJECT);
  gitlab.setToken(TOKEN, { roles: { shop: 'Owner' } });
  return {
    gitlab,
    clock,
    open: async () => ({ client: await openGitlab(gitlab, clock, { projectID: PROJECT }), module: gitlabModule }),
    async put(key, value) {
      gitlab.setVariable(PROJECT, key, String(value));
      return '';
    },
    calls: async () => gitlab.calls(),
    resetCalls: async () => gitlab.resetCalls(),
    close: () => gitlab.stop(),
  };
}

/** A session with {@link TOKEN}; `spec` says what is read. */
export async function openGitlab(
  gitlab: Pick<SandboxGitlab, 'url'>,
  clock: WarpClock,
  spec: Readonly<Record<string, unknown>>,
  context: Partial<SessionContext<unknown>> = {},
): Promise<SecretsClient> {
  const cluster = new MemoryCluster(clock);
  cluster.putSecret('shop', 'gitlab', { token: `${TOKEN}\n` });
  const auth = { SecretRef: { accessToken: { name: 'gitlab', key: 'token' } } };
  return gitlabModule.open({
    store: { kind: 'SecretStore', namespace: 'shop', name: 'store', uid: 'u', generation: 1 },
    retry: undefined,
    namespace: 'shop',
    cluster: cluster.access(undefined, 'shop'),
    clock,
    environment: {
      awsEndpoints: {},
      awsDefaults: {},
      allowTargets: ['127.0.0.0/8'],
      controllerCredentialsForAll: true,
    },
    observe: () => {},
    signal: new AbortController().signal,
    ...context,
    spec: gitlabSpec.parse({ url: gitlab.url, auth, ...spec }),
  });
}

export function gitlabFaults({ gitlab }: GitlabConformance): ProviderFaults {
  return {
    /** GitLab has no rights per variable; a hidden one is shown to nobody. */
    async denyKey(key) {
      gitlab.setVariable(PROJECT, key, 'unseen', { hidden: true });
    },
    throttle: async () => gitlab.limit(0),
    fail: async () => gitlab.fault('variables', 503),
    /** Access tokens are made by people: there is nothing to be had anew. */
    expireCredentials: async () => {},
    slow: async (ms) => gitlab.setLatency(ms),
    stop: () => gitlab.stop(),
    async heal() {
      gitlab.heal();
      if (!gitlab.running) await gitlab.start();
    },
  };
}
