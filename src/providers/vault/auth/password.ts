/**
 * Logins with user name and password: userpass (users of Vault) and LDAP (users of a directory).
 */
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { required, userName, type AuthContext, type Login } from './method.ts';

type PasswordSpec = NonNullable<VaultAuth['userPass']>;

export function userPass(spec: PasswordSpec, context: AuthContext): Promise<Login> {
  return passwordLogin('auth.userPass', 'userpass', spec, context);
}

export function ldap(spec: PasswordSpec, context: AuthContext): Promise<Login> {
  return passwordLogin('auth.ldap', 'LDAP', spec, context);
}

async function passwordLogin(
  field: string,
  name: string,
  spec: PasswordSpec,
  { cluster }: AuthContext,
): Promise<Login> {
  const mount = authMount(`${field}.path`, spec.path);
  const user = userName(`${field}.username`, spec.username);
  const password = await cluster.secretKey(`${field}.secretRef`, required(`${field}.secretRef`, spec.secretRef));
  return {
    kind: 'login',
    title: `${name} login as "${user}" at auth/${mount}`,
    hint: 'check user name and password',
    prepare: async () => ({
      path: `auth/${mount}/login/${user}`,
      body: { password: password.revealText() },
      secrets: [password],
    }),
  };
}
