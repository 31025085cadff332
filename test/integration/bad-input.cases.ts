/**
 * What people write into an ExternalSecret by mistake, and what they must be told: one row each. The runner is
 * `bad-input.test.ts`.
 */
import type { ExternalSecretSpecInput, Part } from '../builders/objects.ts';
import { entry, extract, find, from, into, refreshEvery, templated } from '../builders/objects.ts';

export interface Place {
  /** Stands in the values at the backend and must be seen nowhere else. */
  readonly canary: string;
  readonly namespace: string;
}

export interface BadInput {
  /** What is wrong. */
  readonly title: string;
  /** What the backend holds. */
  readonly values?: (canary: string) => Readonly<Record<string, string>>;
  /** The ExternalSecret, on top of `from(<its store>)`. */
  readonly parts: (place: Place) => readonly Part<ExternalSecretSpecInput>[];
  /** The condition (and the event) matches all of them: the cause, the field or key, the remedy. */
  readonly says: readonly RegExp[];
}

const plain = (canary: string): Record<string, string> => ({ plain: canary });
const json = (canary: string): Record<string, string> => ({ all: JSON.stringify({ a: canary, b: canary }) });
const member = (name: string) => (canary: string) => ({ all: JSON.stringify({ [name]: canary }) });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const template = (text: string): Part<ExternalSecretSpecInput> => templated({ data: { made: text } });
const rewrite = (operation: NonNullable<NonNullable<ExternalSecretSpecInput['dataFrom']>[number]['rewrite']>[number]) =>
  extract('all', { rewrite: [operation] });

const references: readonly BadInput[] = [
  {
    title: 'a store that does not exist',
    parts: () => [from('nowhere'), entry('a', 'plain')],
    says: [/SecretStore "nowhere" not found in namespace "/, /data\[0\] \(key "plain"\)/],
  },
  {
    title: 'a store of the other kind',
    parts: () => [from('valid-store', 'ClusterSecretStore'), entry('a', 'plain')],
    says: [/ClusterSecretStore "valid-store" not found; there is a SecretStore of that name: set secretStoreRef\.kind/],
  },
  {
    title: 'no store at all',
    parts: () => [(spec) => ({ ...spec, secretStoreRef: undefined }), entry('a', 'plain')],
    says: [/no store is named: set spec\.secretStoreRef/],
  },
  {
    title: 'a key that does not exist',
    parts: () => [entry('a', 'absent')],
    says: [/data\[0\] \(key "absent"\).*: key "absent" does not exist/],
  },
  {
    title: 'an empty key',
    parts: () => [entry('a', '')],
    says: [/data\[0\] \(key ""\)/],
  },
  {
    title: 'a key with 300 characters that does not exist',
    parts: () => [entry('a', 'k'.repeat(300))],
    says: [new RegExp(`key "${'k'.repeat(300)}" does not exist`)],
  },
  {
    title: 'a property that does not exist',
    values: json,
    parts: () => [entry('a', 'all', 'c')],
    says: [/property "c" does not exist in key "all"/],
  },
  {
    title: 'a property of a plain text',
    values: plain,
    parts: () => [entry('a', 'plain', 'password')],
    says: [/property "password" does not exist in key "plain"/],
  },
  {
    title: 'a version that does not exist',
    values: plain,
    parts: () => [entry('a', 'plain', undefined, { version: 'v99' })],
    says: [/key "plain", version "v99"/, /does not exist in version "v99"/],
  },
  {
    title: 'the right key in three entries, the wrong one in the fourth',
    values: plain,
    parts: () => [entry('a', 'plain'), entry('b', 'plain'), entry('c', 'plain'), entry('d', 'gone')],
    says: [/data\[3\] \(key "gone"\)/],
  },
];

const values: readonly BadInput[] = [
  {
    title: 'extract of JSON that ends too early',
    values: (canary) => ({ all: `{"password": "${canary.replaceAll(/["\\]/g, '')}` }),
    parts: () => [extract('all')],
    says: [/dataFrom\[0\] \(extract key "all"\)/, /JSON/],
  },
  {
    title: 'extract of plain text',
    values: plain,
    parts: () => [extract('plain')],
    says: [/extract key "plain"/, /use data without property for plain text/],
  },
  {
    title: 'extract of a JSON list',
    values: (canary) => ({ all: JSON.stringify([canary]) }),
    parts: () => [extract('all')],
    says: [/key "all"/, /object/],
  },
  {
    title: 'Base64 that is none',
    values: plain,
    parts: () => [entry('a', 'plain', undefined, { decodingStrategy: 'Base64' })],
    says: [/the value of "a" is not valid Base64 \(padded\)/, /decodingStrategy Auto or None/],
  },
  {
    title: 'Base64URL that is none',
    values: plain,
    parts: () => [entry('a', 'plain', undefined, { decodingStrategy: 'Base64URL' })],
    says: [/the value of "a" is not valid Base64URL/],
  },
  {
    title: 'Base64 without its padding',
    values: (canary) => ({ plain: base64(canary + 'x'.repeat((4 - (canary.length % 3)) % 3)).replace(/=+$/, '') }),
    parts: () => [entry('a', 'plain', undefined, { decodingStrategy: 'Base64' })],
    says: [/not valid Base64 \(padded\)/],
  },
  {
    title: 'Base64 in one of several extracted members',
    values: json,
    parts: () => [(spec) => ({ ...spec, dataFrom: [{ extract: { key: 'all', decodingStrategy: 'Base64' } }] })],
    says: [/the value of "a" is not valid Base64/],
  },
  {
    title: 'a NUL byte under nullBytePolicy Fail',
    values: (canary) => ({ plain: base64(`${canary}\0`) }),
    parts: () => [entry('a', 'plain', undefined, { decodingStrategy: 'Base64', nullBytePolicy: 'Fail' })],
    says: [/the value of "a" holds a NUL byte and nullBytePolicy is Fail/],
  },
  {
    title: 'more than a Secret can hold',
    values: (canary) => ({ plain: canary.repeat(Math.ceil(400_000 / canary.length)) }),
    parts: () => [entry('a', 'plain'), entry('b', 'plain'), entry('c', 'plain')],
    says: [/could not update secret/, /data: Too long: may not be more than 1048576 bytes/],
  },
];

const keys: readonly BadInput[] = [
  {
    title: 'two members that become one key',
    values: (canary) => ({ all: JSON.stringify({ 'a/b': canary, 'a:b': canary }) }),
    parts: () => [extract('all')],
    says: [/the key "a:b" becomes "a_b" by conversionStrategy Default/, /use rewrite/],
  },
  {
    title: 'a member with 300 characters',
    values: member('m'.repeat(300)),
    parts: () => [extract('all')],
    says: [/the key "mmmm.*" is 300 bytes long; a Secret's key has at most 253: shorten it with rewrite/],
  },
  {
    title: 'a member with a letter beyond ASCII',
    values: member('schlüssel'),
    parts: () => [extract('all')],
    says: [/the key "schlüssel" holds "ü"/, /rename it with rewrite/],
  },
  {
    title: 'a secretKey that climbs',
    values: plain,
    parts: () => [entry('..', 'plain')],
    says: [/could not update secret/, /"\.\."/],
  },
  {
    title: 'one secretKey twice',
    values: plain,
    parts: () => [entry('a', 'plain'), entry('a', 'plain')],
    says: [/spec\.data\[1\]\.secretKey is "a", as in spec\.data\[0\]/, /rename one/],
  },
  {
    title: 'a search by a regular expression that is none',
    values: plain,
    parts: () => [find({ name: { regexp: '([' } })],
    says: [/dataFrom\[0\] \(find\)/, /\(\[/],
  },
  {
    title: 'a rewrite by a regular expression that is none',
    values: json,
    parts: () => [rewrite({ regexp: { source: '(?<x', target: '$x' } })],
    says: [/rewrite\[0\]: regexp\.source "\(\?<x" is not a valid RE2 expression/],
  },
  {
    title: 'a look-ahead, which RE2 does not have',
    values: json,
    parts: () => [rewrite({ regexp: { source: '(?=a)', target: '' } })],
    says: [/rewrite\[0\]: regexp\.source "\(\?=a\)"/],
  },
  {
    title: 'a transform that calls no function we have',
    values: json,
    parts: () => [rewrite({ transform: { template: '{{ .value | shout }}' } })],
    says: [/rewrite\[0\]: .*"shout"/],
  },
  {
    title: 'a merge of values that are no objects',
    values: json,
    parts: () => [rewrite({ merge: {} })],
    says: [/rewrite\[0\]: merge: the value of "a" is not JSON/],
  },
  {
    title: 'a merge whose members collide',
    values: (canary) => ({ all: JSON.stringify({ a: { x: canary }, b: { x: canary } }) }),
    parts: () => [rewrite({ merge: {} })],
    says: [/more than one value has the member "x"; set conflictPolicy Ignore/],
  },
  {
    title: 'a merge with a priority that was not fetched',
    values: json,
    parts: () => [rewrite({ merge: { priority: ['z'] } })],
    says: [/merge\.priority names "z", which was not fetched; .* priorityPolicy IgnoreNotFound/],
  },
  {
    title: 'a merge into nothing',
    values: json,
    parts: () => [rewrite({ merge: { strategy: 'JSON' } })],
    says: [/merge\.into is empty/],
  },
];

const templates: readonly BadInput[] = [
  {
    title: 'a template that does not parse',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ .a ')],
    says: [/could not apply template: template\.data\["made"\]: .*unclosed action/],
  },
  {
    title: 'a template that calls no function we have',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ .a | shout }}')],
    says: [/template\.data\["made"\]: .*function "shout" not defined/],
  },
  {
    title: 'a template with a key that was not fetched',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ .b }}')],
    says: [/template\.data\["made"\]: .*"b"/],
  },
  {
    title: 'a template that fails with a value in its hands',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ fail .a }}')],
    says: [/template\.data\["made"\]: .*fail/],
  },
  {
    title: 'a template that takes a value for JSON',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ (.a | mustFromJson).password }}')],
    says: [/template\.data\["made"\]/],
  },
  {
    title: 'a template that takes a value for a number',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ index .a 1000 }}')],
    says: [/template\.data\["made"\]: .*index/],
  },
  {
    title: 'a template that never ends',
    values: plain,
    parts: () => [entry('a', 'plain'), template('{{ range until 100000000 }}{{ $.a }}{{ end }}')],
    says: [/template\.data\["made"\]/],
  },
  {
    title: 'a template out of a ConfigMap that is not there',
    values: plain,
    parts: () => [
      entry('a', 'plain'),
      templated({ templateFrom: [{ configMap: { name: 'absent', items: [{ key: 't' }] } }] }),
    ],
    says: [/templateFrom\[0\]: ConfigMap "absent" not found in namespace "/],
  },
  {
    title: 'a template out of a Secret without that key',
    values: plain,
    parts: () => [
      entry('a', 'plain'),
      templated({ templateFrom: [{ secret: { name: 'templates', items: [{ key: 'absent' }] } }] }),
    ],
    says: [/templateFrom\[0\]: Secret \S+\/templates has no key "absent"/],
  },
  {
    title: 'a template of keys and values that renders no YAML map',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ templateFrom: [{ literal: '- {{ .a | quote }}' }] })],
    says: [/templateFrom\[0\]: /],
  },
  {
    title: 'a template whose target is nothing a Secret has',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ templateFrom: [{ literal: 'x: y', target: 'Datas' }] })],
    says: [/templateFrom\[0\]\.target is "Datas": a Secret has only Data, Annotations, Labels/],
  },
  {
    title: 'a label made of a value that no label can hold',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ metadata: { labels: { team: '{{ .a }}' } } })],
    says: [/could not apply template: template: metadata\.labels: .*"team".*use an annotation instead/],
  },
  {
    title: 'a template key that no Secret can hold',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ data: { 'not a key!': '{{ .a }}' } })],
    says: [/could not update secret/, /not a key!/],
  },
];

const policies: readonly BadInput[] = [
  {
    title: 'deletionPolicy Delete of a Secret that is not owned',
    values: plain,
    parts: () => [entry('a', 'plain'), into({ creationPolicy: 'Merge', deletionPolicy: 'Delete' })],
    says: [
      /spec\.target\.deletionPolicy is "Delete" and spec\.target\.creationPolicy is "Merge"/,
      /set creationPolicy to "Owner"/,
    ],
  },
  {
    title: 'deletionPolicy Merge without a Secret',
    values: plain,
    parts: () => [entry('a', 'plain'), into({ creationPolicy: 'None', deletionPolicy: 'Merge' })],
    says: [/spec\.target\.deletionPolicy is "Merge"/, /set deletionPolicy to "Retain"/],
  },
  {
    title: 'a refreshInterval that is no duration',
    values: plain,
    parts: () => [entry('a', 'plain'), refreshEvery('soon')],
    says: [/spec\.refreshInterval/, /"soon"/],
  },
  {
    title: 'an empty spec',
    parts: () => [(spec) => ({ secretStoreRef: spec.secretStoreRef })],
    says: [/spec\.data and spec\.dataFrom are both empty/],
  },
  {
    title: 'an entry of dataFrom with two sources',
    values: json,
    parts: () => [extract('all', { find: { name: { regexp: '.*' } } })],
    says: [/spec\.dataFrom\[0\] has extract and find, which exclude each other/],
  },
  {
    title: 'an empty entry of dataFrom',
    parts: () => [(spec) => ({ ...spec, dataFrom: [{}] })],
    says: [/spec\.dataFrom\[0\] is empty: set extract, find or sourceRef\.generatorRef/],
  },
  {
    title: 'a generator for a single value',
    values: plain,
    parts: () => [
      (spec) => ({
        ...spec,
        data: [
          { secretKey: 'a', remoteRef: { key: 'x' }, sourceRef: { generatorRef: { kind: 'Password', name: 'long' } } },
        ],
      }),
    ],
    says: [/data\[0\].*sourceRef\.generatorRef works in dataFrom only/],
  },
  {
    title: 'a type that hands out tokens of the cluster',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ type: 'bootstrap.kubernetes.io/token' })],
    says: [/spec\.target\.template\.type is "bootstrap\.kubernetes\.io\/token": this type is forbidden/],
  },
  {
    title: 'a type and an annotation that make a token of a ServiceAccount',
    values: plain,
    parts: () => [
      entry('a', 'plain'),
      templated({
        type: 'kubernetes.io/service-account-token',
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
      }),
    ],
    says: [/forbidden; remove one of them/],
  },
  {
    title: 'annotations out of a template for a type that makes a token',
    values: plain,
    parts: () => [
      entry('a', 'plain'),
      templated({
        type: 'kubernetes.io/service-account-token',
        templateFrom: [{ literal: 'x: y', target: 'annotations' }],
      }),
    ],
    says: [/templateFrom writes annotations/, /forbidden/],
  },
  {
    title: 'another type than the Secret has',
    values: plain,
    parts: () => [entry('a', 'plain'), templated({ type: 'kubernetes.io/tls' })],
    says: [/could not update secret/, /type|tls/],
  },
  {
    title: 'a target that somebody else controls',
    values: plain,
    parts: () => [entry('a', 'plain'), into({ name: 'taken' })],
    says: [
      /Secret \S+\/taken is controlled by ConfigMap "app"/,
      /choose another spec\.target\.name, or creationPolicy Merge/,
    ],
  },
];

export const CASES: readonly BadInput[] = [...references, ...values, ...keys, ...templates, ...policies];
