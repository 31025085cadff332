/**
 * A token that a person put into a Secret.
 */
import type { SecretKeySelector } from '../../../api/selectors.ts';
import type { AuthContext, StaticToken } from './method.ts';

export async function staticToken(selector: SecretKeySelector, { cluster }: AuthContext): Promise<StaticToken> {
  return { kind: 'static', token: await cluster.secretKey('auth.tokenSecretRef', selector) };
}
