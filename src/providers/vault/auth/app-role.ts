/**
 * AppRole: a RoleID and a SecretID.
 */
import { authMount } from '../paths.ts';
import type { VaultAuth } from '../spec-auth.ts';
import { loginAt, required, type AuthContext, type Login } from './method.ts';

export async function appRole(spec: NonNullable<VaultAuth['appRole']>, { cluster }: AuthContext): Promise<Login> {
  const mount = authMount('auth.appRole.path', spec.path);
  const written = spec.roleId?.trim() ?? '';
  const roleId =
    written === ''
      ? (await cluster.secretKey('auth.appRole.roleRef', required('auth.appRole.roleRef', spec.roleRef))).revealText()
      : written;
  const secretId = await cluster.secretKey('auth.appRole.secretRef', spec.secretRef);
  return {
    kind: 'login',
    title: `AppRole login at auth/${mount}`,
    hint: 'check the RoleID and whether the SecretID is still valid',
    prepare: async () => loginAt(mount, { role_id: roleId, secret_id: secretId.revealText() }, [secretId]),
  };
}
