/** What admission accepts, refuses and warns about: the rows of `api.md` 11.2 and 11.3, each as small as it can be. */
import { GENERATORS_GROUP } from '../../src/api/resources.ts';

export interface AdmissionCase {
  readonly name: string;
  readonly spec: object;
  /** Each must be found in the refusal. Empty: it is accepted. */
  readonly refused: readonly RegExp[];
  readonly warned?: readonly RegExp[];
}

const data = [{ secretKey: 'a', remoteRef: { key: 'a' } }];
const es = (spec: object): object => ({ secretStoreRef: { name: 'store' }, data, ...spec });
const TOKEN = 'kubernetes.io/service-account-token';
const annotated = { metadata: { annotations: { 'kubernetes.io/service-account.name': 'robot' } } };
const generatorRef = { apiVersion: `${GENERATORS_GROUP}/v1alpha1`, kind: 'Password', name: 'p' };
const from = (target: string): object => ({ target, literal: 'a: b' });

export const externalSecretCases: readonly AdmissionCase[] = [
  { name: 'an ordinary one', spec: es({}), refused: [] },
  ...['Merge', 'None', 'CreateOrMerge'].map((creationPolicy) => ({
    name: `1a: Delete with ${creationPolicy}`,
    spec: es({ target: { creationPolicy, deletionPolicy: 'Delete' } }),
    refused: [/deletionPolicy is "Delete"/, new RegExp(`creationPolicy is "${creationPolicy}"`), /"Owner"/],
  })),
  {
    name: '1a: Delete with Orphan passes',
    spec: es({ target: { creationPolicy: 'Orphan', deletionPolicy: 'Delete' } }),
    refused: [],
  },
  {
    name: '1b: Merge with None',
    spec: es({ target: { creationPolicy: 'None', deletionPolicy: 'Merge' } }),
    refused: [/deletionPolicy is "Merge"/],
  },
  {
    name: '2: neither data nor dataFrom',
    spec: { secretStoreRef: { name: 'store' } },
    refused: [/spec\.data and spec\.dataFrom/],
  },
  {
    name: '3a: a token of an account',
    spec: es({ target: { template: { type: TOKEN, ...annotated } } }),
    refused: [/forbidden/],
  },
  {
    name: '3b: a token by templated annotations',
    spec: es({ target: { template: { type: TOKEN, templateFrom: [from('Annotations')] } } }),
    refused: [/forbidden/, /annotations/],
  },
  {
    name: '3c: a bootstrap token',
    spec: es({ target: { template: { type: 'bootstrap.kubernetes.io/token' } } }),
    refused: [/forbidden/],
  },
  {
    name: '4: destinations that a Secret does not have, one line each',
    spec: es({ target: { template: { templateFrom: [from('spec.x'), from('data'), from('Nowhere')] } } }),
    refused: [/templateFrom\[0\].*\n.*templateFrom\[2\]/, /Data, Annotations, Labels/],
  },
  {
    name: '5a: two sources in one entry',
    spec: es({ dataFrom: [{ extract: { key: 'a' }, find: { path: 'b' } }] }),
    refused: [/dataFrom\[0\] has extract and find/],
  },
  {
    name: '5a: a generator and a search in one entry',
    spec: es({ dataFrom: [{ find: { path: 'b' }, sourceRef: { generatorRef } }] }),
    refused: [/find and sourceRef\.generatorRef/],
  },
  { name: '5b: an entry without source', spec: es({ dataFrom: [{}] }), refused: [/dataFrom\[0\] is empty/] },
  {
    name: '5b: only another store passes',
    spec: es({ dataFrom: [{ sourceRef: { storeRef: { name: 's' } } }] }),
    refused: [],
  },
  { name: '6: a key twice', spec: es({ data: [...data, ...data] }), refused: [/data\[1\]\.secretKey is "a"/] },
  {
    name: '6: passes with Merge',
    spec: es({ data: [...data, ...data], target: { deletionPolicy: 'Merge' } }),
    refused: [],
  },
  {
    name: 'a refreshInterval that is none',
    spec: es({ refreshInterval: '1d' }),
    refused: [/refreshInterval.*"1d" is not a duration/],
  },
  {
    name: 'several problems at once, in order',
    spec: es({
      target: { creationPolicy: 'None', deletionPolicy: 'Delete' },
      data: [...data, ...data],
      dataFrom: [{}],
    }),
    refused: [/deletionPolicy is "Delete".*\n.*dataFrom\[0\] is empty/s],
  },
  {
    name: 'a generator that is not built is accepted with a warning',
    spec: es({ dataFrom: [{ sourceRef: { generatorRef: { ...generatorRef, kind: 'Grafana' } } }] }),
    refused: [],
    warned: [/generator Grafana is not available in this build/],
  },
];

const fake = { data: [{ key: 'a', value: 'b' }] };
const reference = (namespace?: string): object => ({
  name: 's',
  key: 'k',
  ...(namespace === undefined ? {} : { namespace }),
});
const aws = (more: object = {}): object => ({ aws: { service: 'SecretsManager', region: 'eu-central-1', ...more } });
const static_ = (namespace?: string): object => ({
  auth: { secretRef: { accessKeyIDSecretRef: reference(namespace), secretAccessKeySecretRef: reference(namespace) } },
});
const vault = (more: object): object => ({ vault: { server: 'https://vault:8200', ...more } });

export const storeCases: readonly AdmissionCase[] = [
  { name: 'an ordinary one', spec: { provider: aws(static_()) }, refused: [] },
  {
    name: '1: expressions that do not compile, all of them',
    spec: { provider: aws(), conditions: [{ namespaceRegexes: ['ok', '('] }, { namespaceRegexes: ['a{9999}'] }] },
    refused: [/conditions\[0\]\.namespaceRegexes\[1\].*\n.*conditions\[1\]\.namespaceRegexes\[0\]/s],
  },
  {
    name: '2: a negative refreshInterval',
    spec: { provider: aws(), refreshInterval: -1 },
    refused: [/must not be negative/],
  },
  {
    name: '2: a negative duration',
    spec: { provider: aws(), refreshInterval: '-5m' },
    refused: [/must not be negative/],
  },
  {
    name: '2: no duration at all',
    spec: { provider: aws(), refreshInterval: 'often' },
    refused: [/"often" is not a duration/],
  },
  {
    name: '4: a provider that is not built gives a warning only',
    spec: { provider: { doppler: { auth: {} } } },
    refused: [],
    warned: [/provider "doppler" is not available in this build/],
  },
  { name: '6: a region that makes no host', spec: { provider: aws({ region: 'x y' }) }, refused: [/region "x y"/] },
  {
    name: '6: a recovery window out of range',
    spec: { provider: aws({ secretsManager: { recoveryWindowInDays: 5 } }) },
    refused: [/recoveryWindowInDays/],
  },
  {
    name: '6: AppRole without role',
    spec: { provider: vault({ auth: { appRole: { path: 'approle', secretRef: reference() } } }) },
    refused: [/neither roleId nor roleRef/],
  },
  {
    name: '6: half a client certificate',
    spec: { provider: vault({ tls: { certSecretRef: reference() } }) },
    refused: [/certSecretRef and keySecretRef/],
  },
  {
    name: '6: check-and-set with version 1',
    spec: { provider: vault({ version: 'v1', checkAndSet: { required: true } }) },
    refused: [/checkAndSet/],
  },
  {
    name: '6: an empty key of fake',
    spec: { provider: { fake: { data: [{ key: '', value: 'v' }] } } },
    refused: [/data\[0\]\.key/],
    warned: [/"fake" is currently not maintained/],
  },
  {
    name: 'fake is told to be unmaintained',
    spec: { provider: { fake } },
    refused: [],
    warned: [/"fake" is currently not maintained/],
  },
  {
    name: 'the system’s root certificates are warned about',
    spec: { provider: { kubernetes: { server: { url: 'https://k' }, auth: { serviceAccount: { name: 'a' } } } } },
    refused: [],
    warned: [/neither caBundle nor caProvider is set: the system's root/],
  },
];

/** These depend on whose namespace is meant. */
export const namespacedStoreCases: readonly AdmissionCase[] = [
  {
    name: 'Q07: a key of another namespace',
    spec: { provider: aws(static_('elsewhere')) },
    refused: [/"elsewhere"/, /ClusterSecretStore/],
  },
  {
    name: 'Q07: an account of another namespace',
    spec: { provider: aws({ auth: { jwt: { serviceAccountRef: { name: 'a', namespace: 'elsewhere' } } } }) },
    refused: [/serviceAccountRef\.namespace is "elsewhere"/, /create the ServiceAccount in namespace/],
  },
  {
    name: 'D71: the operator’s own token for Vault',
    spec: { provider: vault({ auth: { kubernetes: { mountPath: 'kubernetes', role: 'r' } } }) },
    refused: [/serviceAccountRef/],
  },
];

export const clusterStoreCases: readonly AdmissionCase[] = [
  { name: 'a key of any namespace', spec: { provider: aws(static_('elsewhere')) }, refused: [] },
  {
    name: 'a CA without namespace',
    spec: {
      provider: {
        kubernetes: {
          server: { url: 'https://k', caProvider: { type: 'Secret', name: 'c', key: 'k' } },
          auth: { serviceAccount: { name: 'a', namespace: 'n' } },
        },
      },
    },
    refused: [/caProvider\.namespace is missing/],
  },
];
