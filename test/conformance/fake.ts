/** Sessions with fake stores. */
import { fakeModule } from '../../src/providers/fake/index.ts';
import type { FakeSpec } from '../../src/providers/fake/spec.ts';
import type { SecretsClient, SessionContext, StoreIdentity } from '../../src/providers/provider.ts';

/** A session of a SecretStore `name` in namespace `shop`, unless `identity` says otherwise. */
export function openFake(
  data: FakeSpec['data'],
  name = 'store',
  identity: Partial<StoreIdentity> = {},
): Promise<SecretsClient> {
  const store = { kind: 'SecretStore', namespace: 'shop', name, uid: name, generation: 1, ...identity };
  return fakeModule.open({ spec: { data }, store } as unknown as SessionContext<FakeSpec>);
}
