import { SecretNotFoundError } from '../../src/providers/errors.ts';
import { fakeModule } from '../../src/providers/fake/index.ts';
import { systemClock } from '../../src/clock.ts';
import { openFake } from './fake.ts';
import { providerConformance, type ProviderBackend } from './provider.ts';

async function fakeBackend(): Promise<ProviderBackend> {
  const data: { key: string; value: string; version?: string }[] = [];
  return {
    clock: systemClock,
    open: async () => ({
      client: await openFake([...data]),
      module: fakeModule,
    }),
    async put(key, value) {
      const version = `v${data.length}`;
      const current = data.findIndex((entry) => entry.key === key && entry.version === undefined);
      if (current >= 0) data.splice(current, 1);
      data.push({ key, value: String(value) }, { key, value: String(value), version });
      return version;
    },
    calls: async () => new Map(),
    resetCalls: async () => {},
    close: async () => {},
  };
}

const traits = { largest: 65_536, binary: false, empty: true, versions: true, missingProperty: SecretNotFoundError };
providerConformance('the fake provider', traits, fakeBackend);
