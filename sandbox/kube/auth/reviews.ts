/**
 * The questions one can POST: TokenReview, the access reviews, and TokenRequest. None of them is stored.
 */
import type { Attributes, Cluster, User } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import { invalidValue } from '../field-errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { compact, isObject, listAt, objectAt, textAt } from '../json.ts';
import { conflict, invalid, notFound } from '../status.ts';
import type { Tokens } from './tokens.ts';
import { DEFAULT_AUDIENCE } from './tokens.ts';
import { authenticate } from './users.ts';

export interface Review {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  answer(cluster: Cluster, tokens: Tokens, user: User, body: JsonObject, namespace: string): JsonObject;
}

const tokenReview: Review = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
  answer(cluster, tokens, _user, body) {
    const audiences = listAt(body, 'spec', 'audiences') as readonly string[];
    const found = authenticate(cluster, tokens, textAt(body, 'spec', 'token') ?? '', audiences);
    if (found === undefined) return { user: {}, error: 'invalid bearer token' };
    return {
      authenticated: true,
      user: found.user as unknown as Json,
      audiences: audiences.length === 0 ? [DEFAULT_AUDIENCE] : found.audiences,
    };
  },
};

function accessReview(plural: string, kind: string, namespaced: boolean, about: 'self' | 'other'): Review {
  return {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural,
    kind,
    namespaced,
    answer(cluster, _tokens, user, body, namespace) {
      const spec = objectAt(body, 'spec');
      const subject =
        about === 'self'
          ? user
          : { username: textAt(spec, 'user') ?? '', groups: listAt(spec, 'groups') as readonly string[] };
      const allowed = cluster.authorize(attributesOf(objectAt(spec, 'resourceAttributes'), subject, namespace));
      return { allowed };
    },
  };
}

function attributesOf(
  attributes: JsonObject,
  subject: Pick<User, 'username' | 'groups'>,
  namespace: string,
): Attributes {
  const read = (name: string): string => textAt(attributes, name) ?? '';
  return {
    user: subject.username,
    groups: subject.groups,
    verb: read('verb'),
    group: read('group'),
    resource: read('resource'),
    subresource: read('subresource'),
    namespace: read('namespace') || namespace,
    name: read('name'),
  };
}

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

const selfSubjectRules: Review = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectrulesreviews',
  kind: 'SelfSubjectRulesReview',
  namespaced: false,
  answer(cluster, _tokens, user, body) {
    const namespace = textAt(body, 'spec', 'namespace') ?? 'default';
    const rules = cluster.registry.kinds().flatMap((kind) => {
      const attributes = {
        user: user.username,
        groups: user.groups,
        group: kind.group,
        resource: kind.plural,
        subresource: '',
        namespace,
        name: '',
      };
      const verbs = VERBS.filter((verb) => cluster.authorize({ ...attributes, verb }));
      return verbs.length === 0 ? [] : [{ verbs, apiGroups: [kind.group], resources: [kind.plural] }];
    });
    return { resourceRules: rules, nonResourceRules: [], incomplete: false };
  },
};

const selfSubject: Review = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
  answer: (_cluster, _tokens, user) => ({ userInfo: user as unknown as Json }),
};

export const REVIEWS: readonly Review[] = [
  tokenReview,
  selfSubject,
  accessReview('subjectaccessreviews', 'SubjectAccessReview', false, 'other'),
  accessReview('localsubjectaccessreviews', 'LocalSubjectAccessReview', true, 'other'),
  accessReview('selfsubjectaccessreviews', 'SelfSubjectAccessReview', false, 'self'),
  selfSubjectRules,
];

/** The review with its status filled in. */
export function answerReview(
  review: Review,
  cluster: Cluster,
  tokens: Tokens,
  user: User,
  body: Json,
  namespace: string,
): JsonObject {
  const question = isObject(body) ? body : {};
  const apiVersion = `${review.group}/${review.version}`;
  return {
    kind: review.kind,
    apiVersion,
    metadata: objectAt(question, 'metadata'),
    ...(question['spec'] === undefined ? {} : { spec: question['spec'] }),
    status: review.answer(cluster, tokens, user, question, namespace),
  };
}

const SHORTEST_SECONDS = 600;

/** POST serviceaccounts/NAME/token. @throws 404 without the account, 422 for a bad lifetime, 409 for a bad binding. */
export function requestToken(
  cluster: Cluster,
  tokens: Tokens,
  namespace: string,
  name: string,
  body: Json,
): JsonObject {
  const accounts = { group: '', plural: 'serviceaccounts' };
  const account = tableOf(cluster, accounts).get(namespace, name);
  if (account === undefined) throw notFound(accounts, name);
  const spec = objectAt(body, 'spec');
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600;
  checkLifetime(seconds);
  const given = listAt(spec, 'audiences') as readonly string[];
  const audiences = given.length === 0 ? [DEFAULT_AUDIENCE] : given;
  const boundTo = binding(cluster, namespace, objectAt(spec, 'boundObjectRef'));
  const now = cluster.clock.now();
  const token = tokens.issue(
    { namespace, name, uid: account.uid, ...(boundTo === undefined ? {} : { boundTo }) },
    audiences,
    seconds,
    now,
  );
  const expires = new Date((Math.floor(now / 1000) + seconds) * 1000).toISOString();
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid: account.uid, creationTimestamp: `${new Date(now).toISOString().slice(0, 19)}Z` },
    spec: compact({ audiences, expirationSeconds: seconds, boundObjectRef: spec['boundObjectRef'] ?? null }),
    status: { token, expirationTimestamp: `${expires.slice(0, 19)}Z` },
  };
}

function checkLifetime(seconds: number): void {
  const field = 'spec.expirationSeconds';
  const fail = (why: string): never => {
    throw invalid('authentication.k8s.io', 'TokenRequest', '', [invalidValue(field, seconds, why)]);
  };
  if (seconds < SHORTEST_SECONDS) fail('may not specify a duration less than 10 minutes');
  if (seconds > 2 ** 32) fail('may not specify a duration larger than 2^32 seconds');
}

function binding(cluster: Cluster, namespace: string, reference: JsonObject): JsonObject | undefined {
  const name = textAt(reference, 'name');
  if (name === undefined) return undefined;
  const secrets = { group: '', plural: 'secrets' };
  const secret = tableOf(cluster, secrets).get(namespace, name);
  if (textAt(reference, 'kind') !== 'Secret' || secret === undefined) throw notFound(secrets, name);
  const uid = textAt(reference, 'uid');
  if (uid !== undefined && uid !== secret.uid)
    throw conflict(
      secrets,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { secret: { name, uid: secret.uid } };
}
