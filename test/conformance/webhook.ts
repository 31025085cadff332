/** The sandbox's HTTP server as a backend of the suite. */
import { startHttp, type SandboxHttp } from '../../sandbox/http/server.ts';
import { systemClock } from '../../src/clock.ts';
import { webhookModule } from '../../src/providers/webhook/index.ts';
import { webhook } from '../../src/providers/webhook/spec.ts';
import { FakeKube } from '../builders/fake-kube.ts';
import type { ProviderBackend, ProviderFaults } from './provider.ts';
import { openAs } from './tenant.ts';

export interface WebhookBackend extends ProviderBackend {
  readonly http: SandboxHttp;
}

export async function webhookBackend(): Promise<WebhookBackend> {
  const http = await startHttp();
  const kube = new FakeKube();
  const versions = new Map<string, number>();
  const spec = {
    url: `${http.url}/secrets/{{ .remoteRef.key }}?v={{ .remoteRef.version }}`,
    result: { jsonPath: '{{ with .remoteRef.property }}$.{{ . }}{{ end }}' },
  };
  return {
    http,
    clock: systemClock,
    open: async () => ({
      client: await openAs({ kube, kind: 'SecretStore', namespace: 'shop' }, webhook, spec),
      module: webhookModule,
    }),
    async put(key, value) {
      const version = (versions.get(key) ?? 0) + 1;
      versions.set(key, version);
      http.put(`/secrets/${key}?v=`, value);
      http.put(`/secrets/${key}?v=${version}`, value);
      return String(version);
    },
    calls: async () => new Map([['HTTPRequest', http.requests().length]]),
    resetCalls: async () => http.resetRequests(),
    close: () => http.stop(),
  };
}

export function webhookFaults({ http }: WebhookBackend): ProviderFaults {
  return {
    denyKey: async (key) => http.fault(key, 'deny'),
    throttle: async () => http.fault('/', 'throttle'),
    fail: async () => http.fault('/', 'unavailable'),
    /** What is in headers and URL cannot be had anew. */
    expireCredentials: async () => {},
    slow: async (ms) => http.setLatency(ms),
    stop: () => http.stop(),
    async heal() {
      http.heal();
      await http.start();
    },
  };
}
