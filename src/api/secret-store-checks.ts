/**
 * What is wrong with a SecretStore or ClusterSecretStore although its schema accepts it (`api.md` 11.3). Admission
 * refuses what these checks find; the controller runs them again, because admission can be down or be passed by.
 */
import { DurationError, parseDuration } from './duration.ts';
import { foreignReferences } from './foreign-references.ts';
import type { SecretStore, SecretStoreSpec } from './secret-store.ts';

export type StoreKind = 'SecretStore' | 'ClusterSecretStore';

/** Errors refuse, warnings are only shown. */
export interface StoreCheck {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** What the checks need to know of a provider that is built. */
export interface CheckedProvider {
  readonly name: string;
  readonly maintenance: 'Maintained' | 'NotMaintained' | 'Deprecated';
  /** `store.namespace` is empty for a ClusterSecretStore. */
  check(spec: unknown, store: { readonly kind: StoreKind; readonly namespace: string }): StoreCheck;
}

export interface StoreRules {
  readonly providers: readonly CheckedProvider[];
  /** Reads a regular expression. @throws Error whose message says what is wrong with it */
  compile(pattern: string): unknown;
}

/**
 * The checks one after another; the first that finds something ends them. A provider that is not built gives a warning
 * only (D11), so that manifests apply and the SecretStore itself can say it. Pure: nothing is looked up.
 */
export function checkStore(kind: StoreKind, store: SecretStore, rules: StoreRules): StoreCheck {
  const spec = store.spec ?? { provider: {} };
  for (const found of [checkNamespaceRegexes(spec, rules), checkRefreshInterval(spec), checkOneProvider(kind, store)]) {
    if (found.length > 0) return { errors: found, warnings: [] };
  }
  return checkProvider(kind, store, rules.providers);
}

/** The one key under `spec.provider`; undefined when there is none or more than one. */
export function providerName(store: SecretStore): string | undefined {
  const names = providerNames(store);
  return names.length === 1 ? names[0] : undefined;
}

/** What a SecretStore says whose provider this build does not have. */
export function unavailableProvider(name: string): string {
  return `provider "${name}" is not available in this build`;
}

function providerNames(store: SecretStore): readonly string[] {
  const members = Object.entries(store.spec?.provider ?? {});
  return members.filter(([, value]) => value !== undefined && value !== null).map(([name]) => name);
}

export function checkNamespaceRegexes(spec: SecretStoreSpec, rules: Pick<StoreRules, 'compile'>): readonly string[] {
  return (spec.conditions ?? []).flatMap(({ namespaceRegexes = [] }, i) =>
    namespaceRegexes.flatMap((pattern, j) => {
      const problem = problemOf(() => rules.compile(pattern));
      return problem === undefined
        ? []
        : [
            `spec.conditions[${i}].namespaceRegexes[${j}] is not a regular expression: ${problem}; correct it (the syntax is RE2)`,
          ];
    }),
  );
}

function problemOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function checkRefreshInterval({ refreshInterval }: SecretStoreSpec): readonly string[] {
  if (refreshInterval === undefined) return [];
  const field = 'spec.refreshInterval';
  try {
    const seconds = typeof refreshInterval === 'number' ? refreshInterval : parseDuration(refreshInterval) / 1000;
    if (seconds >= 0) return [];
    return [`${field} is ${JSON.stringify(refreshInterval)}: it must not be negative; leave it out for the default`];
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return [`${field}: ${error.message}; a whole number without quotes means seconds`];
  }
}

export function checkOneProvider(kind: StoreKind, store: SecretStore): readonly string[] {
  const names = providerNames(store);
  if (names.length === 1) return [];
  const found = names.length === 0 ? 'none' : `${names.length} (${names.join(', ')})`;
  return [`spec.provider of ${describe(kind, store)} must have exactly one provider, but has ${found}`];
}

function describe(kind: StoreKind, { metadata }: SecretStore): string {
  return `${kind} "${metadata.name ?? ''}"`;
}

function checkProvider(kind: StoreKind, store: SecretStore, providers: readonly CheckedProvider[]): StoreCheck {
  const name = providerName(store) ?? '';
  const provider = providers.find((it) => it.name === name);
  if (provider === undefined) {
    const text = `${unavailableProvider(name)}: ${describe(kind, store)} will not become ready`;
    return { errors: [], warnings: [text] };
  }
  const namespace = kind === 'SecretStore' ? (store.metadata.namespace ?? '') : '';
  const spec = store.spec?.provider[name];
  const foreign = kind === 'SecretStore' ? foreignReferences(spec, `spec.provider.${name}`, namespace) : [];
  const { errors, warnings } =
    foreign.length > 0 ? { errors: foreign, warnings: [] } : provider.check(spec, { kind, namespace });
  return { errors, warnings: [...warnings, ...maintenanceWarning(provider)] };
}

/** What is said about a provider that nobody looks after. Shown at admission and as an event. */
export function maintenanceWarning({ name, maintenance }: Omit<CheckedProvider, 'check'>): readonly string[] {
  return MAINTENANCE_WARNINGS[maintenance].map((text) => `provider "${name}" ${text}`);
}

const MAINTENANCE_WARNINGS = {
  Maintained: [],
  NotMaintained: ['is currently not maintained'],
  Deprecated: ['is deprecated and will stop working with the next major version'],
} as const;
