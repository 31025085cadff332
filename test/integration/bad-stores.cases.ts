/**
 * Mistakes in stores and at the backends behind them, and what the API server refuses by itself: one row each. The runner is
 * `bad-input.test.ts`.
 */
import type { ExternalSecretSpecInput, Part, Provider } from '../builders/objects.ts';
import { aws, entry, extract, fake, find } from '../builders/objects.ts';

export interface BadStore {
  readonly title: string;
  /** `account` is a Secret with the canary under each key. */
  readonly provider: Provider;
  /** Other fields of the spec. */
  readonly more?: Provider;
  readonly says: readonly RegExp[];
}

const vaultWith = (auth: Provider, more: Provider = {}): Provider => ({
  vault: { server: 'http://127.0.0.1:1', path: 'secret', version: 'v2', auth, ...more },
});

export const STORES: readonly BadStore[] = [
  {
    title: 'credentials in a Secret that is not there',
    provider: aws('absent'),
    says: [/Secret "absent" not found in namespace "/],
  },
  {
    title: 'credentials under a key that is not there',
    provider: aws('', {
      auth: {
        secretRef: {
          accessKeyIDSecretRef: { name: 'account', key: 'id' },
          secretAccessKeySecretRef: { name: 'account', key: 'absent' },
        },
      },
    }),
    says: [/Secret "account" in namespace "\S+" has no key "absent"|"absent"/],
  },
  {
    title: 'credentials of another namespace',
    provider: aws('', {
      auth: {
        secretRef: {
          accessKeyIDSecretRef: { name: 'account', key: 'id', namespace: 'elsewhere' },
          secretAccessKeySecretRef: { name: 'account', key: 'key' },
        },
      },
    }),
    says: [
      /spec\.provider\.aws\.auth\.secretRef\.accessKeyIDSecretRef\.namespace is "elsewhere"/,
      /make it a ClusterSecretStore, or create the Secret in namespace/,
    ],
  },
  {
    title: 'a ServiceAccount that is not there',
    provider: vaultWith({ kubernetes: { role: 'r', mountPath: 'kubernetes', serviceAccountRef: { name: 'absent' } } }),
    says: [/ServiceAccount "absent" not found in namespace "|absent/],
  },
  {
    title: 'a token in a Secret that is not there',
    provider: vaultWith({ tokenSecretRef: { name: 'absent', key: 'token' } }),
    says: [/Secret "absent" not found in namespace "/],
  },
  {
    title: 'a server that is no URL',
    provider: vaultWith({ tokenSecretRef: { name: 'account', key: 'token' } }, { server: 'vault.example' }),
    says: [/server: not an http or https URL/],
  },
  {
    title: 'a server nobody may be sent to',
    provider: vaultWith({ tokenSecretRef: { name: 'account', key: 'token' } }, { server: 'http://169.254.169.254' }),
    says: [/169\.254\.169\.254/],
  },
  {
    title: 'a server that does not answer',
    provider: vaultWith({ tokenSecretRef: { name: 'account', key: 'token' } }),
    says: [/127\.0\.0\.1:1/],
  },
  {
    title: 'no way to log in',
    provider: vaultWith({}),
    says: [/auth/],
  },
  {
    title: 'a recovery window that AWS does not have',
    provider: aws('account', { secretsManager: { recoveryWindowInDays: 3 } }),
    says: [/recoveryWindowInDays/],
  },
  {
    title: 'a provider that is not in this build',
    provider: { gcpsm: { projectID: 'p' } },
    says: [/provider "gcpsm" is not available in this build/],
  },
  {
    title: 'a refreshInterval that is no duration',
    provider: fake({ a: 'b' }),
    more: { refreshInterval: 'often' },
    says: [/spec\.refreshInterval/, /"often"/, /seconds/],
  },
  {
    title: 'a negative refreshInterval',
    provider: fake({ a: 'b' }),
    more: { refreshInterval: '-1m' },
    says: [/spec\.refreshInterval is "-1m": it must not be negative/],
  },
  {
    title: 'an expression for namespaces that is none',
    provider: fake({ a: 'b' }),
    more: { conditions: [{ namespaceRegexes: ['ok', '(['] }] },
    says: [/spec\.conditions\[0\]\.namespaceRegexes\[1\] is not a regular expression/, /RE2/],
  },
  {
    title: 'a value without a key',
    provider: { fake: { data: [{ key: '', value: 'x' }] } },
    says: [/data\[0\]\.key must not be empty/],
  },
  {
    title: 'a probe that fails',
    provider: { fake: { data: [], validationResult: 2 } },
    says: [/validationResult is 2/],
  },
];

export interface BadRef {
  readonly title: string;
  readonly store: 'sm' | 'ssm' | 'vault' | 'vault-v1' | 'elsewhere';
  readonly parts: readonly Part<ExternalSecretSpecInput>[];
  readonly says: readonly RegExp[];
}

/** In every store: `text` is the canary, `json` has it in member `a`. */
export const REFS: readonly BadRef[] = [
  {
    title: 'no such secret in Secrets Manager',
    store: 'sm',
    parts: [entry('a', 'absent')],
    says: [/key "absent" does not exist/, /eu-central-1/],
  },
  {
    title: 'the wrong region',
    store: 'elsewhere',
    parts: [entry('a', 'text')],
    says: [/key "text" does not exist/, /us-west-2/],
  },
  {
    title: 'no such member in Secrets Manager',
    store: 'sm',
    parts: [entry('a', 'json', 'b')],
    says: [/property "b" does not exist in .*"json"/],
  },
  {
    title: 'a member of plain text in Secrets Manager',
    store: 'sm',
    parts: [entry('a', 'text', 'b')],
    says: [/property "b".*key "text".*plain text use data without property/],
  },
  {
    title: 'all members of bytes that are no UTF-8',
    store: 'sm',
    parts: [extract('bytes')],
    says: [/key "bytes"/, /JSON/],
  },
  {
    title: 'a version AWS does not know',
    store: 'sm',
    parts: [entry('a', 'text', undefined, { version: 'uuid/00000000-0000-0000-0000-000000000000' })],
    says: [/key "text"/],
  },
  {
    title: 'a search by an expression that is none, in Secrets Manager',
    store: 'sm',
    parts: [find({ name: { regexp: '*' } })],
    says: [/find/],
  },
  { title: 'no such parameter', store: 'ssm', parts: [entry('a', '/absent')], says: [/key "\/absent" does not exist/] },
  { title: 'no such secret in Vault', store: 'vault', parts: [entry('a', 'absent')], says: [/"absent"/] },
  {
    title: 'no such member in Vault',
    store: 'vault',
    parts: [entry('a', 'json', 'b')],
    says: [/property "b" does not exist in .*"json"/],
  },
  {
    title: 'a key that climbs out of the mount',
    store: 'vault',
    parts: [entry('a', '../sys/policies/acl/root')],
    says: [/"\.\.\/sys\/policies\/acl\/root" must not contain "\." or "\.\." segments/],
  },
  {
    title: 'a key that climbs in disguise',
    store: 'vault',
    parts: [entry('a', 'x/%2e%2e/y')],
    says: [/must not contain/],
  },
  {
    title: 'a key with an empty segment',
    store: 'vault',
    parts: [entry('a', 'x//y')],
    says: [/"x\/\/y" has an empty segment/],
  },
  {
    title: 'a version that Vault never had',
    store: 'vault',
    parts: [entry('a', 'json', 'a', { version: '99' })],
    says: [/"json"/, /version/],
  },
  {
    title: 'a version that is no number',
    store: 'vault',
    parts: [entry('a', 'json', 'a', { version: 'latest' })],
    says: [/version/, /"latest"/],
  },
  { title: 'a mount of the other KV version', store: 'vault-v1', parts: [entry('a', 'json', 'a')], says: [/"json"/] },
];

export interface Refusal {
  readonly title: string;
  readonly kind: 'externalsecrets' | 'secretstores';
  readonly version?: 'v1' | 'v1beta1';
  readonly spec: unknown;
  readonly says: readonly RegExp[];
}

const ref = { secretStoreRef: { name: 'store' } };
const data = (more: object): object => ({ ...ref, data: [{ secretKey: 'a', remoteRef: { key: 'k' }, ...more }] });

/** What the API server itself refuses, be the operator running or not. */
export const REFUSALS: readonly Refusal[] = [
  {
    title: 'data that is no list',
    kind: 'externalsecrets',
    spec: { ...ref, data: 'a' },
    says: [/spec\.data.*must be of type array: "string"/],
  },
  {
    title: 'a number for a duration',
    kind: 'externalsecrets',
    spec: { ...data({}), refreshInterval: 60 },
    says: [/spec\.refreshInterval.*must be of type string/],
  },
  {
    title: 'an entry without secretKey',
    kind: 'externalsecrets',
    spec: { ...ref, data: [{ remoteRef: { key: 'k' } }] },
    says: [/spec\.data\[0\]\.secretKey: Required value/],
  },
  {
    title: 'an entry without remoteRef',
    kind: 'externalsecrets',
    spec: { ...ref, data: [{ secretKey: 'a' }] },
    says: [/spec\.data\[0\]\.remoteRef: Required value/],
  },
  {
    title: 'a remoteRef without key',
    kind: 'externalsecrets',
    spec: data({ remoteRef: {} }),
    says: [/spec\.data\[0\]\.remoteRef\.key: Required value/],
  },
  { title: 'a null entry', kind: 'externalsecrets', spec: { ...ref, data: [null] }, says: [/spec\.data\[0\]/] },
  {
    title: 'a secretKey with a space',
    kind: 'externalsecrets',
    spec: data({ secretKey: 'my key' }),
    says: [/spec\.data\[0\]\.secretKey.*"my key"/],
  },
  {
    title: 'a secretKey with 300 characters',
    kind: 'externalsecrets',
    spec: data({ secretKey: 'k'.repeat(300) }),
    says: [/spec\.data\[0\]\.secretKey: Too long/],
  },
  {
    title: 'a kind of store that does not exist',
    kind: 'externalsecrets',
    spec: { ...data({}), secretStoreRef: { name: 's', kind: 'SecretStores' } },
    says: [
      /spec\.secretStoreRef\.kind: Unsupported value: "SecretStores": supported values: "(SecretStore|ClusterSecretStore)"/,
    ],
  },
  {
    title: 'a store in another namespace',
    kind: 'externalsecrets',
    spec: { ...data({}), secretStoreRef: { name: 's', namespace: 'other' } },
    says: [/unknown field "spec\.secretStoreRef\.namespace"/],
  },
  {
    title: 'an unknown field',
    kind: 'externalsecrets',
    spec: { ...data({}), refreshIntervall: '1h' },
    says: [/unknown field "spec\.refreshIntervall"/],
  },
  {
    title: 'a typing error in creationPolicy',
    kind: 'externalsecrets',
    spec: { ...data({}), target: { creationPolicy: 'owner' } },
    says: [/spec\.target\.creationPolicy: Unsupported value: "owner"/],
  },
  {
    title: 'a typing error in deletionPolicy',
    kind: 'externalsecrets',
    spec: { ...data({}), target: { deletionPolicy: 'Keep' } },
    says: [/spec\.target\.deletionPolicy: Unsupported value: "Keep"/],
  },
  {
    title: 'an empty strategy',
    kind: 'externalsecrets',
    spec: data({ remoteRef: { key: 'k', decodingStrategy: '' } }),
    says: [/spec\.data\[0\]\.remoteRef\.decodingStrategy: Unsupported value: ""/],
  },
  {
    title: 'a target name that no Secret can have',
    kind: 'externalsecrets',
    spec: { ...data({}), target: { name: 'My_Secret' } },
    says: [/spec\.target\.name.*"My_Secret"/],
  },
  {
    title: 'two sources in one sourceRef',
    kind: 'externalsecrets',
    spec: data({ sourceRef: { storeRef: { name: 's' }, generatorRef: { kind: 'Password', name: 'p' } } }),
    says: [/spec\.data\[0\]\.sourceRef/],
  },
  {
    title: 'two operations in one rewrite',
    kind: 'externalsecrets',
    spec: { ...ref, dataFrom: [{ extract: { key: 'k' }, rewrite: [{ transform: { template: 'x' }, merge: {} }] }] },
    says: [/spec\.dataFrom\[0\]\.rewrite\[0\]/],
  },
  {
    title: 'v1beta1 with the same mistake',
    kind: 'externalsecrets',
    version: 'v1beta1',
    spec: { ...ref, data: [{ secretKey: 'a' }] },
    says: [/spec\.data\[0\]\.remoteRef: Required value/],
  },
  { title: 'a store without provider', kind: 'secretstores', spec: {}, says: [/spec\.provider: Required value/] },
  { title: 'a store with an empty provider', kind: 'secretstores', spec: { provider: {} }, says: [/spec\.provider/] },
  {
    title: 'a store with two providers',
    kind: 'secretstores',
    spec: { provider: { fake: { data: [] }, vault: { server: 's', auth: {} } } },
    says: [/spec\.provider/],
  },
  {
    title: 'a provider that nobody knows',
    kind: 'secretstores',
    spec: { provider: { valt: { server: 's' } } },
    says: [/spec\.provider/, /valt/],
  },
  {
    title: 'an AWS service that does not exist',
    kind: 'secretstores',
    spec: { provider: { aws: { service: 'SecretManager', region: 'eu-central-1' } } },
    says: [/spec\.provider\.aws\.service: Unsupported value: "SecretManager"/],
  },
  {
    title: 'a KV version that does not exist',
    kind: 'secretstores',
    spec: { provider: { vault: { server: 's', version: 'v3', auth: {} } } },
    says: [/spec\.provider\.vault\.version: Unsupported value: "v3"/],
  },
  {
    title: 'a reference that is a text',
    kind: 'secretstores',
    spec: { provider: { vault: { server: 's', auth: { tokenSecretRef: 'my-token' } } } },
    says: [/spec\.provider\.vault\.auth\.tokenSecretRef.*must be of type object/],
  },
];
