/**
 * TLS certificate auth: the connection shows a client certificate, the login only names the role. The same certificate
 * stays on the session's connections, because Vault asks for it again when the token is renewed.
 */
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { loginAt, required, type AuthContext, type Login } from './method.ts';

export async function cert(spec: NonNullable<VaultAuth['cert']>, { cluster }: AuthContext): Promise<Login> {
  const mount = authMount('auth.cert.path', spec.path);
  const certRef = required('auth.cert.clientCert', spec.clientCert);
  const keyRef = required('auth.cert.secretRef', spec.secretRef);
  const certificate = {
    cert: (await cluster.secretKey('auth.cert.clientCert', certRef, 'tls.crt')).revealText(),
    key: (await cluster.secretKey('auth.cert.secretRef', keyRef, 'tls.key')).revealText(),
  };
  const role = spec.vaultRole ?? '';
  return {
    kind: 'login',
    title: `TLS certificate login${role === '' ? '' : ` as role "${role}"`} at auth/${mount}`,
    hint: 'the role must trust the client certificate',
    certificate,
    prepare: async () => loginAt(mount, role === '' ? {} : { name: role }, []),
  };
}
