/**
 * The one place that reads Kubernetes objects on a tenant's behalf. It applies the namespace rule, remembers what it read
 * (the session's identity, D70) and says in words what is missing. Everything a provider learns about the cluster
 * comes through here.
 */
import { X509Certificate } from 'node:crypto';
import { configMaps, secrets, serviceAccounts } from '../api/resources.ts';
import type { CAProvider, SecretKeySelector, ServiceAccountSelector } from '../api/selectors.ts';
import type { KubeClient } from '../kube/client.ts';
import { DeniedError, NotFoundError } from '../kube/errors.ts';
import type { KubeObject, Resource, Stored } from '../kube/types.ts';
import { InvalidProviderConfigError } from '../providers/errors.ts';
import type { ClusterAccess, ServiceAccountInfo, StoreIdentity } from '../providers/provider.ts';
import { SecretValue } from '../secret-value.ts';
import type { DependencyKind, Dependent, References, ResolvedObject } from './references.ts';
import { selectorNamespace } from './selector-namespace.ts';

interface Keyed extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

const RESOURCES: Record<DependencyKind, Resource> = {
  Secret: secrets,
  ConfigMap: configMaps,
  ServiceAccount: serviceAccounts,
};

export interface TenancyOptions {
  readonly client: KubeClient;
  readonly references: References;
  /** Reads the operator's own token afresh, e.g. from the file of `--service-account-token-file`. */
  readonly operatorToken: () => Promise<string>;
}

/** Access for one store and one consumer namespace, keeping a list of what was read through it. */
export class TenantAccess implements ClusterAccess {
  readonly #options: TenancyOptions;
  readonly #store: StoreIdentity;
  readonly #namespace: string;
  readonly #signal: AbortSignal;
  readonly #dependent: Dependent;
  readonly #resolved = new Map<string, ResolvedObject>();

  /** `dependent`: who hears of changes of what is read; default: the store. */
  constructor(
    options: TenancyOptions,
    store: StoreIdentity,
    namespace: string,
    signal: AbortSignal,
    dependent = dependentOf(store, namespace),
  ) {
    this.#options = options;
    this.#store = store;
    this.#namespace = namespace;
    this.#signal = signal;
    this.#dependent = dependent;
  }

  /** Every object read so far, as it was: what the session's identity consists of. */
  resolved(): readonly ResolvedObject[] {
    return [...this.#resolved.values()];
  }

  async secretKey(field: string, selector: SecretKeySelector, defaultKey?: string): Promise<SecretValue> {
    const { data, where } = await this.#keyed('Secret', field, selector);
    const key = selector.key ?? defaultKey;
    if (key === undefined)
      throw new InvalidProviderConfigError(`${field}.key is missing: it must name a key of ${where}`);
    return data.get(key) ?? missingKey(field, key, where);
  }

  async secret(
    field: string,
    selector: SecretKeySelector,
  ): Promise<{ data: ReadonlyMap<string, SecretValue>; labels: Readonly<Record<string, string>> }> {
    const { data, object } = await this.#keyed('Secret', field, selector);
    return { data, labels: object.metadata.labels ?? {} };
  }

  async serviceAccount(field: string, selector: ServiceAccountSelector): Promise<ServiceAccountInfo> {
    const account = await this.#read('ServiceAccount', field, selector.name, selector.namespace);
    const { namespace = '', name, uid, annotations = {} } = account.metadata;
    return { namespace, name, uid, annotations };
  }

  async serviceAccountToken(
    field: string,
    selector: ServiceAccountSelector,
    request: { readonly audiences: readonly string[]; readonly expirationSeconds?: number },
  ): Promise<{ token: SecretValue; expiresAt: number }> {
    const { namespace, name } = await this.serviceAccount(field, selector);
    try {
      const options = { signal: this.#signal };
      const { token, expiresAt } = await this.#options.client.createToken({ namespace, name }, request, options);
      return { token: SecretValue.ofText(token), expiresAt };
    } catch (error) {
      if (!(error instanceof DeniedError)) throw error;
      throw new InvalidProviderConfigError(
        `${field}: the operator may not create tokens for ServiceAccount ${namespace}/${name}; ` +
          `allow "create" on serviceaccounts/token (chart value rbac.serviceAccountTokenCreate)`,
        { cause: error },
      );
    }
  }

  async certificateAuthority(
    field: string,
    source: { readonly caBundle?: string | undefined; readonly caProvider?: CAProvider | undefined },
  ): Promise<string | undefined> {
    if (source.caBundle !== undefined && source.caBundle !== '') return pemOf(`${field}.caBundle`, source.caBundle);
    if (source.caProvider === undefined) return undefined;
    const { type, name, namespace, key } = source.caProvider;
    const provider = `${field}.caProvider`;
    if (this.#store.kind === 'ClusterSecretStore' && (namespace === undefined || namespace === '')) {
      throw new InvalidProviderConfigError(
        `${provider}.namespace is missing: a ClusterSecretStore must say where ${type} "${name}" is`,
      );
    }
    const { data, where } = await this.#keyed(type, provider, { name, namespace });
    if (key === undefined)
      throw new InvalidProviderConfigError(`${provider}.key is missing: it must name a key of ${where}`);
    const pem = (data.get(key) ?? missingKey(provider, key, where)).revealText();
    if (!isCertificate(pem))
      throw new InvalidProviderConfigError(`${provider}: key "${key}" of ${where} is no PEM certificate`);
    return pem;
  }

  async operatorToken(field: string): Promise<SecretValue> {
    if (this.#store.kind === 'SecretStore') {
      throw new InvalidProviderConfigError(
        `${field}: a SecretStore cannot use the operator's own token, because whoever writes the store chooses the server that receives it; ` +
          `set serviceAccountRef to a ServiceAccount of namespace "${this.#store.namespace}", or use a ClusterSecretStore`,
      );
    }
    try {
      return SecretValue.ofText((await this.#options.operatorToken()).trim());
    } catch (error) {
      throw new InvalidProviderConfigError(
        `${field}: the operator's own token cannot be read (${error instanceof Error ? error.message : 'unknown cause'}); ` +
          `mount it (serviceAccount.automount) or set serviceAccountRef`,
        { cause: error },
      );
    }
  }

  async #keyed(
    kind: 'Secret' | 'ConfigMap',
    field: string,
    selector: { readonly name?: string | undefined; readonly namespace?: string | undefined },
  ): Promise<{ data: ReadonlyMap<string, SecretValue>; object: Stored<Keyed>; where: string }> {
    const object = await this.#read<Keyed>(kind, field, selector.name, selector.namespace);
    const { namespace, name } = object.metadata;
    return { data: dataOf(kind, object), object, where: `${kind} ${namespace}/${name}` };
  }

  async #read<T extends KubeObject>(
    kind: DependencyKind,
    field: string,
    name: string | undefined,
    wantedNamespace: string | undefined,
  ): Promise<Stored<T>> {
    const view = { store: this.#store, namespace: this.#namespace };
    const namespace = selectorNamespace(view, field, wantedNamespace);
    if (name === undefined || name === '') {
      throw new InvalidProviderConfigError(
        `${field}.name is missing: it must name a ${kind} in namespace "${namespace}"`,
      );
    }
    this.#options.references.add(this.#dependent, { kind, namespace, name });
    try {
      const object = await this.#options.client.get<T>(RESOURCES[kind], { namespace, name }, { signal: this.#signal });
      const { uid, resourceVersion } = object.metadata;
      this.#resolved.set(`${kind}:${namespace}/${name}`, { kind, namespace, name, uid, resourceVersion });
      return object;
    } catch (error) {
      throw this.#explain(error, kind, field, namespace, name);
    }
  }

  #explain(error: unknown, kind: DependencyKind, field: string, namespace: string, name: string): unknown {
    if (error instanceof NotFoundError) {
      const remedy =
        this.#dependent.kind === 'SecretStore'
          ? `create it there, or use a ClusterSecretStore with ${field}.namespace`
          : `create it there, or correct ${field}`;
      return new InvalidProviderConfigError(
        `${field}: ${kind} "${name}" not found in namespace "${namespace}"; ${remedy}`,
        {
          cause: error,
        },
      );
    }
    if (error instanceof DeniedError) {
      return new InvalidProviderConfigError(`${field}: the operator may not read ${kind} ${namespace}/${name}`, {
        cause: error,
      });
    }
    return error;
  }
}

/** The dependent that stands for `store` in the eyes of consumers in `namespace`. */
export function dependentOf(store: StoreIdentity, namespace: string): Dependent {
  return { kind: store.kind, namespace: store.namespace, name: store.name, consumerNamespace: namespace };
}

function dataOf(kind: 'Secret' | 'ConfigMap', object: Keyed): ReadonlyMap<string, SecretValue> {
  const decoded = (text: string): SecretValue => SecretValue.ofBytes(Buffer.from(text, 'base64'));
  if (kind === 'Secret') return new Map(Object.entries(object.data ?? {}).map(([key, text]) => [key, decoded(text)]));
  const texts = Object.entries(object.data ?? {}).map(([key, text]) => [key, SecretValue.ofText(text)] as const);
  const binaries = Object.entries(object.binaryData ?? {}).map(([key, text]) => [key, decoded(text)] as const);
  return new Map([...texts, ...binaries]);
}

function missingKey(field: string, key: string, where: string): never {
  throw new InvalidProviderConfigError(`${field}: ${where} has no key "${key}"`);
}

/** `caBundle` holds PEM or base64 of PEM, itself base64 as every bytes field; its first block must be a certificate. */
function pemOf(field: string, text: string): string {
  let pem = text;
  for (let round = 0; round < 2 && !pem.includes('-----BEGIN'); round++)
    pem = Buffer.from(pem, 'base64').toString('utf8');
  if (isCertificate(pem)) return pem;
  throw new InvalidProviderConfigError(`${field} is neither a PEM certificate nor base64 of one`);
}

/** Looks at the first block only. */
function isCertificate(pem: string): boolean {
  try {
    void new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
