/**
 * What people write into a PushSecret by mistake, and what they must be told: one row each. The runner is `push-bad-input.test.ts`.
 */
import { GENERATORS_GROUP } from '../../src/api/resources.ts';
import type { PushSecretSpecInput } from '../builders/objects.ts';

export interface BadPush {
  /** What is wrong. */
  readonly title: string;
  /** On top of a PushSecret that is good. */
  readonly spec: (good: Good) => Partial<PushSecretSpecInput>;
  /** The condition (and the event) matches all of them: the cause, the field or key, the remedy. */
  readonly says: readonly RegExp[];
}

/** What the good PushSecret has: the source holds the keys `kept`, `plain` and two that become one name; all values are canaries. */
export interface Good {
  readonly data: NonNullable<PushSecretSpecInput['data']>;
  readonly namespace: string;
  /** Of the PushSecret, and of the remote key of its good entry. */
  readonly name: string;
}

type DataTo = NonNullable<PushSecretSpecInput['dataTo']>[number];

const to = (secretKey: string, remoteKey: string, property?: string) => ({
  match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
});
const many = (more: Partial<DataTo>) => ({ dataTo: [{ storeRef: { name: 'store' }, ...more }] });
const through = (name: string, kind: 'SecretStore' | 'ClusterSecretStore' = 'SecretStore') => ({
  secretStoreRefs: [{ name, kind }],
});
const template = (text: string) => ({ template: { data: { made: text } } });
const envelope = (spec: object) => ({
  apiVersion: 'kubernetes.external-secrets.io/v1alpha1',
  kind: 'PushSecretMetadata',
  spec,
});

const sources: readonly BadPush[] = [
  {
    title: 'a key that the source has not (Q09)',
    spec: ({ data }) => ({ data: [...data, to('kpet', 'x')] }),
    says: [
      /data\[1\]\.match\.secretKey: Secret "source" has no key "kpet"; it has "a_U002F_b", "a_U002f_b", "kept", "plain"/,
    ],
  },
  {
    title: 'a source that does not exist',
    spec: () => ({ selector: { secret: { name: 'nowhere' } }, deletionPolicy: 'None' }),
    says: [/could not get source secret: Secret "nowhere" not found in namespace "/],
  },
  {
    title: 'a selector that says neither name nor labels',
    spec: () => ({ selector: { secret: {} } }),
    says: [/spec\.selector\.secret needs a name or a selector/],
  },
  {
    title: 'labels of Secrets with an operator that does not exist',
    spec: () => ({
      selector: { secret: { selector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } } },
    }),
    says: [/spec\.selector\.secret\.selector: .*"Is"/],
  },
  {
    title: 'a generator that does not exist',
    spec: () => ({
      selector: { generatorRef: { apiVersion: `${GENERATORS_GROUP}/v1alpha1`, kind: 'Password', name: 'nope' } },
    }),
    says: [/Password "nope".*not found/],
  },
  {
    title: 'a generator that this build has not',
    spec: () => ({
      selector: { generatorRef: { apiVersion: `${GENERATORS_GROUP}/v1alpha1`, kind: 'ACRAccessToken', name: 'x' } },
    }),
    says: [/ACRAccessToken.*not available in this build/],
  },
  {
    title: 'two keys of the source that become one name',
    spec: () => many({ conversionStrategy: 'ReverseUnicode' }),
    says: [/conversionStrategy ReverseUnicode turns both "a_U002F_b" and "a_U002f_b" into "a\/b"; rename one of them/],
  },
];

const stores: readonly BadPush[] = [
  {
    title: 'a store that does not exist',
    spec: () => through('nowhere'),
    says: [/spec\.secretStoreRefs\[0\]: SecretStore "nowhere" not found in namespace "/],
  },
  {
    title: 'a store of the other kind',
    spec: ({ namespace }) => through(`cluster-${namespace}`),
    says: [/SecretStore "cluster-.*" not found .*there is a ClusterSecretStore of that name: set kind to it/],
  },
  {
    title: 'a store of another namespace',
    spec: () => through('elsewhere'),
    says: [/SecretStore "elsewhere" not found in namespace "/],
  },
  {
    title: 'a ClusterSecretStore that does not admit the namespace',
    spec: ({ namespace }) => through(`closed-${namespace}`, 'ClusterSecretStore'),
    says: [/ClusterSecretStore "closed-.*" may not be used from namespace ".*": its spec\.conditions deny it/],
  },
  {
    title: 'a reference to a store without name and labels',
    spec: () => ({ secretStoreRefs: [{}] }),
    says: [/spec\.secretStoreRefs\[0\] needs a name or a labelSelector/],
  },
  {
    title: 'labels that no store has',
    spec: () => ({ secretStoreRefs: [{ labelSelector: { matchLabels: { no: 'store' } } }] }),
    says: [/spec\.secretStoreRefs: no SecretStore of namespace ".*" has the labels .*: label one, or name it/],
  },
  {
    title: 'labels of stores with an operator that does not exist',
    spec: () => ({ secretStoreRefs: [{ labelSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } }] }),
    says: [/spec\.secretStoreRefs\[0\]\.labelSelector: .*"Is"/],
  },
  {
    title: 'a store that is not ready: its credentials are not there',
    spec: () => through('broken'),
    says: [/SecretStore "broken"/, /"no-account"/, /not found/],
  },
  {
    title: 'a store that Vault does not let in',
    spec: ({ data }) => ({ ...through('stranger'), data }),
    says: [/SecretStore "stranger".*403/],
  },
  {
    title: 'a store of a provider that can only be read',
    spec: () => through('gitlab'),
    says: [/SecretStore "gitlab": its provider cannot be written: name a SecretStore of another provider/],
  },
  {
    title: 'a store of a provider that this build has not',
    spec: () => through('azure'),
    says: [/azurekv.*not available in this build/],
  },
];

const destinations: readonly BadPush[] = [
  {
    title: 'no remote key',
    spec: ({ data }) => ({ data: [...data, to('plain', '')] }),
    says: [/data\[1\]\.match\.remoteRef\.remoteKey is empty: name the value in the backend/],
  },
  {
    title: 'one remote key twice',
    spec: ({ data }) => ({ data: [...data, to('plain', 'x'), to('kept', 'x')] }),
    says: [/data\[1\] .*and data\[2\] .*both push to remote key "x"; give each a remote key or property of its own/],
  },
  {
    title: 'a property of what is no JSON object',
    spec: ({ data, name }) => ({ data: [...data, to('plain', name, 'member')] }),
    says: [/remote key "case-\d+": .*property "member" cannot be written/],
  },
  {
    title: 'a value that stands in the store itself',
    spec: ({ data }) => ({ data: [...data, to('plain', 'fixed')] }),
    says: [/remote key "fixed": .*not managed by external-secrets.*use another remote key/],
  },
  {
    title: 'a plain value as a whole secret of Vault',
    spec: () => ({ ...through('vault'), data: [to('plain', 'push-bad/whole')] }),
    says: [/remote key "push-bad\/whole": .*must be a JSON object.*set remoteRef\.property/],
  },
  {
    title: 'a remote key that leaves its folder',
    spec: () => ({ ...through('vault'), data: [to('plain', '../sys/x', 'value')] }),
    says: [/remote key "\.\.\/sys\/x": /, /\.\./],
  },
];

const metadata: readonly BadPush[] = [
  {
    title: 'metadata without the envelope',
    spec: () => ({ ...through('sm'), data: [{ ...to('plain', 'push-bad-1'), metadata: { tags: { a: 'b' } } }] }),
    says: [
      /data\[0\]: metadata has apiVersion undefined; it must have apiVersion kubernetes\.external-secrets\.io\/v1alpha1/,
    ],
  },
  {
    title: 'metadata with a field that does not exist',
    spec: () => ({
      ...through('sm'),
      data: [{ ...to('plain', 'push-bad-2'), metadata: envelope({ tagz: { a: 'b' } }) }],
    }),
    says: [/remote key "push-bad-2": .*tagz/],
  },
];

const rewrites: readonly BadPush[] = [
  {
    title: 'an expression that does not compile',
    spec: () => many({ match: { regexp: '(' } }),
    says: [/dataTo\[0\]\.match\.regexp "\(" is not a valid RE2 expression/],
  },
  {
    title: 'a rewrite that does not compile',
    spec: () => many({ rewrite: [{ regexp: { source: '(', target: 'x' } }] }),
    says: [/dataTo\[0\]\..*rewrite.*"\("/],
  },
  {
    title: 'a rewrite that makes an empty remote key',
    spec: () => many({ match: { regexp: '^kept$' }, rewrite: [{ regexp: { source: '.*', target: '' } }] }),
    says: [/dataTo\[0\]: rewrite makes an empty remote key of "kept"/],
  },
  {
    title: 'a rewrite that makes one remote key of two',
    spec: () => many({ rewrite: [{ regexp: { source: '.+', target: 'one' } }] }),
    says: [/dataTo\[0\]: rewrite gives one remote key to two keys/],
  },
  {
    title: 'a store that is not among secretStoreRefs',
    spec: () => ({ dataTo: [{ storeRef: { name: 'other' } }] }),
    says: [/dataTo\[0\]\.storeRef: SecretStore "other" is not named in secretStoreRefs/],
  },
  {
    title: 'labels that none of its stores has',
    spec: () => ({ dataTo: [{ storeRef: { labelSelector: { matchLabels: { no: 'store' } } } }] }),
    says: [/dataTo\[0\]\.storeRef\.labelSelector matches none of the stores in secretStoreRefs/],
  },
];

const templates: readonly BadPush[] = [
  {
    title: 'a template with a function that does not exist',
    spec: () => template('{{ .kept | shout }}'),
    says: [/could not apply template to Secret "source": .*made.*"shout"/],
  },
  {
    title: 'a template that asks for a key that is not there',
    spec: () => template('{{ .nope.member }}'),
    says: [/could not apply template to Secret "source": .*made/],
  },
  {
    title: 'a template that trips over a value',
    spec: () => template('{{ .kept | b64dec | fromJson }}{{ index .kept 99999 }}'),
    says: [/could not apply template to Secret "source": .*made/],
  },
  {
    title: 'a ConfigMap of templates that does not exist',
    spec: () => ({ template: { templateFrom: [{ configMap: { name: 'nope', items: [{ key: 'a' }] } }] } }),
    says: [/could not apply template to Secret "source": .*ConfigMap "nope".*not found/],
  },
];

const intervals: readonly BadPush[] = [
  {
    title: 'an interval that is none',
    spec: () => ({ refreshInterval: 'hourly' }),
    says: [/spec\.refreshInterval: .*"hourly"/],
  },
];

export const BAD_PUSHES: readonly BadPush[] = [
  ...sources,
  ...stores,
  ...destinations,
  ...metadata,
  ...rewrites,
  ...templates,
  ...intervals,
];
