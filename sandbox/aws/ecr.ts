/** The one call of ECR and ECR Public that we play: a login for a registry. */
import { randomBytes } from 'node:crypto';
import { USER_ACCOUNT } from './identities.ts';
import { AwsFault, type Json } from './wire.ts';

const LIFE_SECONDS = 12 * 3_600;

export function registryLogin(service: 'ecr' | 'ecr-public', action: string, region: string, now: number): Json {
  if (action !== 'GetAuthorizationToken') throw new AwsFault('UnknownOperationException', '');
  const authorizationToken = Buffer.from(`AWS:${randomBytes(24).toString('base64url')}`).toString('base64');
  const login = { authorizationToken, expiresAt: Math.floor(now / 1000) + LIFE_SECONDS };
  if (service === 'ecr-public') return { authorizationData: login };
  const proxyEndpoint = `https://${USER_ACCOUNT}.dkr.ecr.${region}.amazonaws.com`;
  return { authorizationData: [{ ...login, proxyEndpoint }] };
}
