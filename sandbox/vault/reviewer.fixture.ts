/**
 * For tests: an API server that knows nothing but TokenReview, and the tokens it accepts.
 */
import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reviewer {
  readonly url: string;
  /** The public key of the tokens, PEM. */
  readonly pem: string;
  /** A token of an account; `audiences` default to the API server's own. */
  token(namespace: string, name: string, audiences?: readonly string[]): string;
  /** Reviews are asked for with this token only. */
  readonly reviewerToken: string;
  readonly reviews: () => number;
  stop(): Promise<void>;
}

const OWN_AUDIENCE = 'https://kubernetes.default.svc';

export async function startReviewer(): Promise<Reviewer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issued = new Map<string, readonly string[]>();
  let serial = 0;
  let reviews = 0;

  function token(namespace: string, name: string, audiences: readonly string[] = [OWN_AUDIENCE]): string {
    const account = { name, uid: `uid-${namespace}-${name}` };
    const claims = {
      aud: audiences,
      iss: OWN_AUDIENCE,
      exp: 4_102_444_800,
      jti: String(serial++),
      sub: `system:serviceaccount:${namespace}:${name}`,
      'kubernetes.io': { namespace, serviceaccount: account },
    };
    const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
    const jwt = `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
    issued.set(jwt, audiences);
    return jwt;
  }

  const reviewerToken = token('shop', 'reviewer');
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      reviews += 1;
      const { spec } = JSON.parse(text) as { spec: { token: string; audiences: string[] } };
      const audiences = issued.get(spec.token) ?? [];
      const isAllowed = request.headers.authorization === `Bearer ${reviewerToken}`;
      const authenticated = audiences.some((audience) => spec.audiences.includes(audience));
      response.writeHead(isAllowed ? 201 : 403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'TokenReview', status: { authenticated: isAllowed && authenticated } }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    token,
    reviewerToken,
    reviews: () => reviews,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
