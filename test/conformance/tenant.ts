/**
 * The surroundings of a session as the operator makes them, with the real namespace rules: for suites that point
 * references into other namespaces.
 */
import { systemClock, type Clock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { ProviderDeclaration, SecretsClient, SessionContext, StoreKind } from '../../src/providers/provider.ts';
import { TenantAccess } from '../../src/tenancy/cluster-access.ts';
import { References } from '../../src/tenancy/references.ts';

export interface Tenant {
  readonly kube: KubeClient;
  readonly kind: StoreKind;
  /** The consumer's namespace, and that of a namespaced store. */
  readonly namespace: string;
  readonly clock?: Clock;
  readonly allowTargets?: readonly string[];
  readonly observe?: (call: string, status: string) => void;
}

/** Opens a session with `spec` as a user writes it. */
export async function openAs<Spec>(
  tenant: Tenant,
  declaration: ProviderDeclaration<Spec>,
  spec: Readonly<Record<string, unknown>>,
): Promise<SecretsClient> {
  const module = await declaration.load();
  return module.open(contextOf(tenant, declaration.spec.parse(spec)));
}

function contextOf<Spec>(tenant: Tenant, spec: Spec): SessionContext<Spec> {
  const { kube, kind, namespace, clock = systemClock, allowTargets = ['127.0.0.0/8'] } = tenant;
  const store = { kind, namespace: kind === 'SecretStore' ? namespace : '', name: 'store', uid: 'u1', generation: 1 };
  const { signal } = new AbortController();
  const options = { client: kube, references: new References(), operatorToken: async () => 'operator' };
  return {
    store,
    spec,
    retry: undefined,
    namespace,
    cluster: new TenantAccess(options, store, namespace, signal),
    clock,
    environment: { awsEndpoints: {}, awsDefaults: {}, allowTargets, controllerCredentialsForAll: true },
    observe: (_provider, call, status) => tenant.observe?.(call, status),
    signal,
  };
}
