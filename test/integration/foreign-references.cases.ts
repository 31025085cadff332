/**
 * Every field of the AWS and Vault providers that refers to an object of the cluster, as a table: where it is, a store that
 * uses it, and how far that store gets when the object is in its own namespace.
 */
import { aws, vault, type Provider } from '../builders/objects.ts';

/** A selector without its namespace, e.g. `{ name: 'aws-robot', key: 'id' }`. */
export type Selector = Readonly<Record<string, string>>;

export interface ReferenceCase {
  /** Below `spec.provider`, e.g. `aws.auth.jwt.serviceAccountRef`. */
  readonly field: string;
  /** The selector that is right for the field: of an object that every namespace of the test has. */
  readonly selector: Selector;
  readonly provider: (selector: Selector, world: ReferenceWorld) => Provider;
  /** What the store's Ready condition says when the reference is used. Default: it is Valid. */
  readonly own?: RegExp;
}

export interface ReferenceWorld {
  readonly vault: string;
  /** Role, user and AppRole of Vault that the objects of the namespace belong to. */
  readonly role: string;
}

/** Names and keys of the objects that {@link ReferenceCase} selects from. */
const KEYS = { name: 'keys' };
const ACCOUNT = { name: 'robot' };

const staticKeys = (replaced: Provider): Provider =>
  aws('', {
    auth: {
      secretRef: {
        accessKeyIDSecretRef: { ...KEYS, key: 'aws-id' },
        secretAccessKeySecretRef: { ...KEYS, key: 'aws-key' },
        ...replaced,
      },
    },
  });

const login = (auth: Provider, { vault: server }: ReferenceWorld): Provider => vault(server, '', { auth });

const appRole = (replaced: Provider, world: ReferenceWorld): Provider =>
  login(
    {
      appRole: {
        path: 'approle',
        roleRef: { ...KEYS, key: 'role-id' },
        secretRef: { ...KEYS, key: 'secret-id' },
        ...replaced,
      },
    },
    world,
  );

const IAM_KEYS = {
  accessKeyIDSecretRef: { ...KEYS, key: 'aws-id' },
  secretAccessKeySecretRef: { ...KEYS, key: 'aws-key' },
};

const NOT_BUILT = /not available in this build/;
const REFUSED_BY_VAULT = /Vault at .* refused/;

export const REFERENCE_CASES: readonly ReferenceCase[] = [
  {
    field: 'aws.auth.secretRef.accessKeyIDSecretRef',
    selector: { ...KEYS, key: 'aws-id' },
    provider: (selector) => staticKeys({ accessKeyIDSecretRef: selector }),
  },
  {
    field: 'aws.auth.secretRef.secretAccessKeySecretRef',
    selector: { ...KEYS, key: 'aws-key' },
    provider: (selector) => staticKeys({ secretAccessKeySecretRef: selector }),
  },
  {
    field: 'aws.auth.secretRef.sessionTokenSecretRef',
    selector: { ...KEYS, key: 'aws-session' },
    provider: (selector) => staticKeys({ sessionTokenSecretRef: selector }),
  },
  {
    field: 'aws.auth.jwt.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector) => aws('', { auth: { jwt: { serviceAccountRef: selector } } }),
  },
  {
    field: 'vault.auth.tokenSecretRef',
    selector: { ...KEYS, key: 'vault-token' },
    provider: (selector, world) => login({ tokenSecretRef: selector }, world),
  },
  {
    field: 'vault.auth.appRole.roleRef',
    selector: { ...KEYS, key: 'role-id' },
    provider: (selector, world) => appRole({ roleRef: selector }, world),
  },
  {
    field: 'vault.auth.appRole.secretRef',
    selector: { ...KEYS, key: 'secret-id' },
    provider: (selector, world) => appRole({ secretRef: selector }, world),
  },
  {
    field: 'vault.auth.kubernetes.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector, world) =>
      login({ kubernetes: { mountPath: 'kubernetes', role: world.role, serviceAccountRef: selector } }, world),
  },
  {
    field: 'vault.auth.kubernetes.secretRef',
    selector: { ...KEYS, key: 'account-token' },
    provider: (selector, world) =>
      login({ kubernetes: { mountPath: 'kubernetes', role: world.role, secretRef: selector } }, world),
  },
  {
    field: 'vault.auth.userPass.secretRef',
    selector: { ...KEYS, key: 'password' },
    provider: (selector, world) =>
      login({ userPass: { path: 'userpass', username: world.role, secretRef: selector } }, world),
  },
  {
    field: 'vault.auth.ldap.secretRef',
    selector: { ...KEYS, key: 'password' },
    provider: (selector, world) => login({ ldap: { path: 'ldap', username: world.role, secretRef: selector } }, world),
    own: REFUSED_BY_VAULT,
  },
  {
    field: 'vault.auth.jwt.secretRef',
    selector: { ...KEYS, key: 'account-token' },
    provider: (selector, world) => login({ jwt: { path: 'jwt', role: world.role, secretRef: selector } }, world),
    own: REFUSED_BY_VAULT,
  },
  {
    field: 'vault.auth.jwt.kubernetesServiceAccountToken.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector, world) =>
      login(
        { jwt: { path: 'jwt', role: world.role, kubernetesServiceAccountToken: { serviceAccountRef: selector } } },
        world,
      ),
    own: REFUSED_BY_VAULT,
  },
  {
    field: 'vault.auth.cert.clientCert',
    selector: { ...KEYS, key: 'tls.crt' },
    provider: (selector, world) =>
      login({ cert: { path: 'cert', clientCert: selector, secretRef: { ...KEYS, key: 'tls.key' } } }, world),
    own: REFUSED_BY_VAULT,
  },
  {
    field: 'vault.auth.cert.secretRef',
    selector: { ...KEYS, key: 'tls.key' },
    provider: (selector, world) =>
      login({ cert: { path: 'cert', clientCert: { ...KEYS, key: 'tls.crt' }, secretRef: selector } }, world),
    own: REFUSED_BY_VAULT,
  },
  ...['accessKeyIDSecretRef', 'secretAccessKeySecretRef', 'sessionTokenSecretRef'].map((name) => ({
    field: `vault.auth.iam.secretRef.${name}`,
    selector: { ...KEYS, key: 'aws-id' },
    provider: (selector: Selector, world: ReferenceWorld) =>
      login({ iam: { vaultRole: world.role, secretRef: { ...IAM_KEYS, [name]: selector } } }, world),
    own: REFUSED_BY_VAULT,
  })),
  {
    field: 'vault.auth.iam.jwt.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector, world) =>
      login({ iam: { vaultRole: world.role, jwt: { serviceAccountRef: selector } } }, world),
    own: REFUSED_BY_VAULT,
  },
  {
    field: 'vault.auth.gcp.secretRef.secretAccessKeySecretRef',
    selector: { ...KEYS, key: 'aws-key' },
    provider: (selector, world) =>
      login({ gcp: { path: 'gcp', role: world.role, secretRef: { secretAccessKeySecretRef: selector } } }, world),
    own: NOT_BUILT,
  },
  {
    field: 'vault.auth.gcp.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector, world) =>
      login({ gcp: { path: 'gcp', role: world.role, serviceAccountRef: selector } }, world),
    own: NOT_BUILT,
  },
  {
    field: 'vault.auth.gcp.workloadIdentity.serviceAccountRef',
    selector: ACCOUNT,
    provider: (selector, world) =>
      login({ gcp: { path: 'gcp', role: world.role, workloadIdentity: { serviceAccountRef: selector } } }, world),
    own: NOT_BUILT,
  },
  {
    field: 'vault.tls.certSecretRef',
    selector: { ...KEYS, key: 'tls.crt' },
    provider: (selector, { vault: server }) =>
      vault(server, '', {
        auth: { tokenSecretRef: { ...KEYS, key: 'vault-token' } },
        tls: { certSecretRef: selector, keySecretRef: { ...KEYS, key: 'tls.key' } },
      }),
  },
  {
    field: 'vault.tls.keySecretRef',
    selector: { ...KEYS, key: 'tls.key' },
    provider: (selector, { vault: server }) =>
      vault(server, '', {
        auth: { tokenSecretRef: { ...KEYS, key: 'vault-token' } },
        tls: { certSecretRef: { ...KEYS, key: 'tls.crt' }, keySecretRef: selector },
      }),
  },
  {
    field: 'vault.caProvider',
    selector: { ...KEYS, key: 'tls.crt', type: 'Secret' },
    provider: (selector, { vault: server }) =>
      vault(server, '', { auth: { tokenSecretRef: { ...KEYS, key: 'vault-token' } }, caProvider: selector }),
  },
];
