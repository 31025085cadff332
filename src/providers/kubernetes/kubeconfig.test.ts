import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { SecretValue } from '../../secret-value.ts';
import { selfSigned } from '../../telemetry/self-signed.ts';
import { InvalidProviderConfigError } from '../errors.ts';
import { readKubeconfig, type Kubeconfig } from './kubeconfig.ts';

const PAIR = selfSigned(['client'], Date.now());
const base64 = (text: string): string => Buffer.from(text).toString('base64');
type Members = Readonly<Record<string, unknown>>;

function kubeconfig(cluster: Members = {}, user: Members = { token: 't0ken' }): Members {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [
      { name: 'other', context: { cluster: 'c0', user: 'u0' } },
      { name: 'here', context: { cluster: 'c1', user: 'u1', namespace: 'ignored' } },
    ],
    clusters: [
      { name: 'c0', cluster: { server: 'https://wrong' } },
      { name: 'c1', cluster: { server: 'https://right:6443', ...cluster } },
    ],
    users: [
      { name: 'u0', user: { exec: { command: 'sh' } } },
      { name: 'u1', user },
    ],
  };
}
const read = (config: Members): Kubeconfig => readKubeconfig('authRef', SecretValue.ofText(stringify(config)));

/** The message of the refusal, which must not hold a credential. */
function refusal(text: string | Members): string {
  const source = typeof text === 'string' ? text : stringify(text);
  try {
    readKubeconfig('authRef', SecretValue.ofText(source));
  } catch (error) {
    assert.ok(error instanceof InvalidProviderConfigError, String(error));
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /t0ken|hunter2/);
    return error.message;
  }
  throw new Error('was accepted');
}

test('server, token and authority come from the current context', () => {
  const ca = 'certificate-authority-data';
  const { server, token, tls } = read(kubeconfig({ [ca]: base64(PAIR.cert), 'tls-server-name': 'kubernetes' }));
  assert.equal(server, 'https://right:6443');
  assert.equal(token?.revealText(), 't0ken');
  assert.deepEqual(tls, { ca: PAIR.cert, serverName: 'kubernetes' });
});

test('a client certificate may stand in for the token', () => {
  const user = { 'client-certificate-data': base64(PAIR.cert), 'client-key-data': base64(PAIR.key) };
  const { token, tls } = read(kubeconfig({}, user));
  assert.equal(token, undefined);
  assert.equal(tls.cert, PAIR.cert);
  assert.equal(tls.key, PAIR.key);
});

test('JSON is YAML', () => {
  const { server } = readKubeconfig('authRef', SecretValue.ofText(JSON.stringify(kubeconfig())));
  assert.equal(server, 'https://right:6443');
});

describe('what would reach into the operator is refused by name', () => {
  const user: readonly (readonly [member: string, value: unknown])[] = [
    ['exec', { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', 'id'] }],
    ['auth-provider', { name: 'gcp', config: { 'cmd-path': '/bin/sh' } }],
    ['tokenFile', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
    ['client-certificate', '/etc/ssl/cert.pem'],
    ['client-key', '/etc/ssl/key.pem'],
    ['username', 'admin'],
    ['password', 'hunter2'],
    ['as', 'system:admin'],
    ['as-uid', '1'],
    ['as-groups', ['system:masters']],
    ['as-user-extra', { a: ['b'] }],
  ];
  for (const [member, value] of user) {
    test(`user.${member}`, () => {
      const message = refusal(kubeconfig({}, { token: 't0ken', [member]: value }));
      assert.ok(message.startsWith(`authRef: user.${member} `), message);
    });
  }
  const cluster: readonly (readonly [member: string, value: unknown])[] = [
    ['certificate-authority', '/etc/ssl/ca.pem'],
    ['insecure-skip-tls-verify', true],
    ['proxy-url', 'http://169.254.169.254'],
  ];
  for (const [member, value] of cluster) {
    test(`cluster.${member}`, () => {
      const message = refusal(kubeconfig({ [member]: value }));
      assert.ok(message.startsWith(`authRef: cluster.${member} `), message);
    });
  }
  test('empty members are as good as absent', () => {
    assert.equal(read(kubeconfig({ 'insecure-skip-tls-verify': false }, { token: 't', tokenFile: '' })).token?.size, 1);
  });
});

describe('what is no kubeconfig is refused in words', () => {
  const rest = (change: Members): Members => ({ ...kubeconfig(), ...change });
  const table: readonly (readonly [title: string, config: string | Members, message: RegExp])[] = [
    ['no YAML', 'a: b\n  t0ken: [\n', /not YAML \(line \d+\)$/],
    ['a text', 'hunter2', /the document is missing or of the wrong type/],
    ['no current context', rest({ 'current-context': undefined }), /current-context is missing/],
    ['a context that is not there', rest({ 'current-context': 'nope' }), /current-context is not in the kubeconfig/],
    ['a cluster that is not there', rest({ clusters: [] }), /the cluster of the current context is not in/],
    ['a user that is not there', rest({ users: [] }), /the user of the current context is not in/],
    ['no server', kubeconfig({ server: '' }), /clusters\[1\]\.cluster\.server is missing/],
    ['no credentials', kubeconfig({}, {}), /neither token nor client-certificate-data/],
    ['half a certificate', kubeconfig({}, { 'client-key-data': base64('x') }), /belong together/],
    [
      'a certificate that is none',
      kubeconfig({}, { 'client-certificate-data': base64('hunter2'), 'client-key-data': base64(PAIR.key) }),
      /client-certificate-data: not a PEM certificate/,
    ],
    [
      'a key that is none',
      kubeconfig({}, { 'client-certificate-data': base64(PAIR.cert), 'client-key-data': base64('hunter2') }),
      /client-key-data: not an unencrypted PEM private key/,
    ],
    [
      'the key of another certificate',
      kubeconfig(
        {},
        { 'client-certificate-data': base64(PAIR.cert), 'client-key-data': base64(selfSigned(['x'], 0).key) },
      ),
      /the key does not belong to the certificate/,
    ],
    [
      'many aliases',
      `a: &a [x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
      /aliases/,
    ],
  ];
  for (const [title, config, message] of table) test(title, () => assert.match(refusal(config), message));
});
