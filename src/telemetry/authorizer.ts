/** Asks the API server who holds a token (TokenReview) and whether they may read a path (SubjectAccessReview). */
import { z } from 'zod';
import type { Authorizer } from './metrics-server.ts';

/** Posts a review and returns the API server's answer. `KubeClient.raw` does that. */
export type PostReview = (path: string, review: object) => Promise<unknown>;

const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    user: z
      .object({
        username: z.string().optional(),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .optional(),
  }),
});
const accessReview = z.object({ status: z.object({ allowed: z.boolean(), denied: z.boolean().optional() }) });

export function reviewAuthorizer(post: PostReview): Authorizer {
  return async (token, path) => {
    const who = tokenReview.parse(
      await post('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      }),
    ).status;
    if (who.authenticated !== true || who.user === undefined) return 'unknown';
    const { username, uid, groups, extra } = who.user;
    const may = accessReview.parse(
      await post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: username, uid, groups, extra, nonResourceAttributes: { path, verb: 'get' } },
      }),
    ).status;
    return may.allowed && may.denied !== true ? 'allowed' : 'forbidden';
  };
}
