/**
 * Chooses the way to log in: the first that is set, in the order of `providers.md` 5.3.
 */
import { InvalidProviderConfigError } from '../../errors.ts';
import { methodsOf, type VaultAuth } from '../spec-auth.ts';
import { appRole } from './app-role.ts';
import { cert } from './cert.ts';
import { iam } from './iam.ts';
import { jwt } from './jwt.ts';
import { kubernetes } from './kubernetes.ts';
import type { AuthContext, AuthMethod } from './method.ts';
import { ldap, userPass } from './password.ts';
import { staticToken } from './token.ts';

export type { AuthMethod, Login } from './method.ts';

/** Reads the credentials. @throws InvalidProviderConfigError naming the field, the object and the key. */
export async function authMethod(auth: VaultAuth | undefined, context: AuthContext): Promise<AuthMethod> {
  if (auth === undefined) return { kind: 'none' };
  if (auth.tokenSecretRef !== undefined) return staticToken(auth.tokenSecretRef, context);
  if (auth.appRole !== undefined) return appRole(auth.appRole, context);
  if (auth.kubernetes !== undefined) return kubernetes(auth.kubernetes, context);
  if (auth.ldap !== undefined) return ldap(auth.ldap, context);
  if (auth.userPass !== undefined) return userPass(auth.userPass, context);
  if (auth.jwt !== undefined) return jwt(auth.jwt, context);
  if (auth.cert !== undefined) return cert(auth.cert, context);
  if (auth.iam !== undefined) return iam(auth.iam, context);
  const [unavailable] = methodsOf(auth);
  if (unavailable !== undefined)
    throw new InvalidProviderConfigError(`vault auth method ${unavailable} is not available in this build`);
  throw new InvalidProviderConfigError('auth: no valid method is set; set one of them, e.g. auth.kubernetes');
}
