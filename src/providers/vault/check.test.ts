import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkVault, dependsOnNamespace } from './check.ts';
import { vaultSpec } from './spec.ts';

const OWN = { kind: 'SecretStore', namespace: 'shop' } as const;
const CLUSTER = { kind: 'ClusterSecretStore', namespace: '' } as const;
const ref = { name: 'x', key: 'k' };
const there = { ...ref, namespace: 'there' };

function spec(parts: object): ReturnType<typeof vaultSpec.parse> {
  return vaultSpec.parse({ server: 'https://vault:8200', ...parts });
}
const auth = (method: object): ReturnType<typeof spec> => spec({ auth: method });

describe('the schema', () => {
  it('fills in versions and mount paths', () => {
    const parsed = spec({
      auth: {
        appRole: { secretRef: ref },
        kubernetes: { role: 'r' },
        ldap: { username: 'u' },
        userPass: { username: 'u' },
        jwt: {},
        cert: {},
        gcp: { role: 'r' },
        iam: { vaultRole: 'r' },
      },
    });
    assert.equal(parsed.version, 'v2');
    assert.equal(parsed.auth?.appRole?.path, 'approle');
    assert.equal(parsed.auth?.kubernetes?.mountPath, 'kubernetes');
    assert.deepEqual([parsed.auth?.ldap?.path, parsed.auth?.userPass?.path], ['ldap', 'userpass']);
    assert.deepEqual([parsed.auth?.jwt?.path, parsed.auth?.cert?.path], ['jwt', 'cert']);
  });

  it('wants a server and a known version', () => {
    assert.throws(() => vaultSpec.parse({}));
    assert.throws(() => spec({ version: 'v3' }));
  });
});

describe('what admission refuses', () => {
  const table: readonly (readonly [string, ReturnType<typeof spec>, string])[] = [
    [
      'an AppRole without role',
      auth({ appRole: { secretRef: ref } }),
      'auth.appRole: neither roleId nor roleRef is set',
    ],
    ['a JWT login without token', auth({ jwt: {} }), 'auth.jwt: no token source'],
    ['half a client certificate', spec({ tls: { certSecretRef: ref } }), 'tls: certSecretRef and keySecretRef'],
    ['check-and-set on v1', spec({ version: 'v1', checkAndSet: { required: true } }), 'checkAndSet.required'],
    [
      'the operator’s token in a SecretStore',
      auth({ kubernetes: { role: 'r' } }),
      'auth.kubernetes: a SecretStore does not send',
    ],
    [
      'a token of another namespace',
      auth({ tokenSecretRef: there }),
      'auth.tokenSecretRef: namespace must be empty or match',
    ],
    [
      'an account of another namespace',
      auth({ kubernetes: { role: 'r', serviceAccountRef: { name: 'a', namespace: 'there' } } }),
      'auth.kubernetes.serviceAccountRef',
    ],
    ['a password of another namespace', auth({ ldap: { username: 'u', secretRef: there } }), 'auth.ldap.secretRef'],
    [
      'a certificate of another namespace',
      auth({ cert: { clientCert: there, secretRef: ref } }),
      'auth.cert.clientCert',
    ],
    ['TLS of another namespace', spec({ tls: { certSecretRef: there, keySecretRef: ref } }), 'tls.certSecretRef'],
    [
      'keys of another namespace',
      auth({ iam: { vaultRole: 'r', secretRef: { accessKeyIDSecretRef: there } } }),
      'auth.iam.secretRef.accessKeyIDSecretRef',
    ],
  ];
  for (const [name, subject, words] of table) {
    it(name, () => {
      const { errors } = checkVault(subject, OWN);
      assert.equal(errors.length, 1, errors.join('; '));
      assert.ok(errors[0]?.startsWith(words), errors.join());
    });
  }

  it('names field, given namespace, own namespace and remedy', () => {
    const [error] = checkVault(auth({ tokenSecretRef: there }), OWN).errors;
    assert.match(error ?? '', /"shop".*"there".*ClusterSecretStore/);
  });
});

describe('what admission accepts', () => {
  it('references into the own namespace, and without one', () => {
    assert.deepEqual(checkVault(auth({ tokenSecretRef: { ...ref, namespace: 'shop' } }), OWN).errors, []);
    assert.deepEqual(checkVault(auth({ tokenSecretRef: ref }), OWN).errors, []);
  });

  it('in a ClusterSecretStore any namespace, and the operator’s own token', () => {
    assert.deepEqual(checkVault(auth({ tokenSecretRef: there }), CLUSTER).errors, []);
    assert.deepEqual(checkVault(auth({ kubernetes: { role: 'r' } }), CLUSTER).errors, []);
  });

  it('what will not work, with a warning', () => {
    const warningsOf = (subject: ReturnType<typeof spec>): string => checkVault(subject, CLUSTER).warnings.join();
    assert.match(warningsOf(auth({})), /no method is set/);
    assert.match(
      warningsOf(auth({ tokenSecretRef: ref, jwt: { secretRef: ref } })),
      /tokenSecretRef, jwt are set; only tokenSecretRef/,
    );
    assert.match(warningsOf(auth({ gcp: { role: 'r' } })), /auth method gcp is not available in this build/);
    assert.match(warningsOf(spec({ server: 'vault' })), /server: not a URL/);
    assert.match(warningsOf(spec({ caProvider: { type: 'Secret', name: 'ca' } })), /caProvider/);
    assert.equal(warningsOf(auth({ tokenSecretRef: ref })), '');
  });

  it('the operator’s AWS identity for a server that a tenant names, with a warning', () => {
    const warningsOf = (iam: object, store: typeof OWN | typeof CLUSTER): string =>
      checkVault(auth({ iam: { vaultRole: 'r', ...iam } }), store).warnings.join();
    assert.match(warningsOf({}, OWN), /auth\.iam: .*operator’s own AWS identity.*cluster-stores-only/);
    assert.equal(warningsOf({}, CLUSTER), '');
    assert.equal(warningsOf({ jwt: { serviceAccountRef: { name: 'a' } } }, OWN), '');
  });
});

describe('a spec depends on the consumer’s namespace', () => {
  const table: readonly (readonly [string, ReturnType<typeof spec>, boolean])[] = [
    ['no login', spec({}), false],
    ['the operator’s token', auth({ kubernetes: { role: 'r' } }), false],
    ['a token without namespace', auth({ tokenSecretRef: ref }), true],
    ['a token with namespace', auth({ tokenSecretRef: there }), false],
    ['a SecretID with, a RoleID without', auth({ appRole: { secretRef: there, roleRef: ref } }), true],
    ['a RoleID that is not used', auth({ appRole: { secretRef: there, roleId: 'x', roleRef: ref } }), false],
    ['an account without', auth({ kubernetes: { role: 'r', serviceAccountRef: { name: 'a' } } }), true],
    ['a client certificate without', auth({ cert: { clientCert: ref, secretRef: there } }), true],
    ['TLS without', spec({ tls: { certSecretRef: ref, keySecretRef: ref }, auth: { tokenSecretRef: there } }), true],
    [
      'a JWT account without',
      auth({ jwt: { kubernetesServiceAccountToken: { serviceAccountRef: { name: 'a' } } } }),
      true,
    ],
    ['a CA, which must name its namespace', spec({ caProvider: { type: 'Secret', name: 'ca' } }), false],
  ];
  for (const [name, subject, expected] of table) it(name, () => assert.equal(dependsOnNamespace(subject), expected));
});
