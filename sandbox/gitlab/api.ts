/**
 * The part of GitLab's REST API (version 4) that reads variables, as functions from a call to an answer.
 */
import {
  mayReadVariables,
  maySee,
  type GitlabModel,
  type GitlabVariable,
  type Owner,
  type TokenOptions,
} from './model.ts';

export interface GitlabAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. */
  readonly body: unknown;
}

export interface GitlabApiCall {
  /** `GET` and the like. */
  readonly method: string;
  /** Where the caller believes to be, e.g. `http://127.0.0.1:1234`; for links to pages. */
  readonly origin: string;
  /** Segments after `/api/v4/`, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly token: string | undefined;
}

const LARGEST_PAGE = 100;
const DEFAULT_PAGE = 20;
const KINDS: ReadonlyMap<string, Owner['kind']> = new Map([
  ['projects', 'project'],
  ['groups', 'group'],
]);

export function answer(model: GitlabModel, call: GitlabApiCall): GitlabAnswer {
  const [collection = '', id = '', member, key, ...more] = call.path;
  const kind = KINDS.get(collection);
  const isRoute = member === 'variables' || (kind === 'project' && member === 'groups' && key === undefined);
  if (kind === undefined || !isRoute || more.length > 0) return { status: 404, body: { error: '404 Not Found' } };
  if (call.method !== 'GET') return message(405, '405 Not Allowed');
  const token = model.authenticate(call.token);
  if (token === undefined) return message(401, '401 Unauthorized');
  if (!token.scopes?.some((scope) => scope === 'api' || scope === 'read_api')) return insufficientScope;
  const owner = model.find(kind, id);
  if (owner === undefined || !maySee(token, owner))
    return message(404, `404 ${kind === 'project' ? 'Project' : 'Group'} Not Found`);
  if (member === 'groups') return groups(model, owner, token, call);
  if (!mayReadVariables(token, owner)) return message(403, '403 Forbidden');
  return key === undefined ? page(owner.variables.map(view), call) : oneVariable(owner, key, call);
}

export function message(status: number, text: string): GitlabAnswer {
  return { status, body: { message: text } };
}

const insufficientScope: GitlabAnswer = {
  status: 403,
  body: {
    error: 'insufficient_scope',
    error_description: 'The request requires higher privileges than provided by the access token.',
    scope: 'api read_api',
  },
};

function groups(model: GitlabModel, owner: Owner, token: TokenOptions, call: GitlabApiCall): GitlabAnswer {
  const visible = model.groupsAbove(owner).filter((group) => maySee(token, group));
  return page(
    visible.map(({ id, path }) => ({ id, name: path.split('/').at(-1), full_path: path })),
    call,
  );
}

function oneVariable(owner: Owner, key: string, { query }: GitlabApiCall): GitlabAnswer {
  const scope = query.get('filter[environment_scope]');
  const found = owner.variables.filter((each) => each.key === key && (scope === null || each.scope === scope));
  const [only, another] = found;
  if (only === undefined) return message(404, '404 Variable Not Found');
  if (another === undefined) return { status: 200, body: view(only) };
  return message(409, "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'");
}

function view({ key, value, scope, hidden }: GitlabVariable) {
  return {
    variable_type: 'env_var',
    key,
    value: hidden ? null : value,
    hidden,
    protected: false,
    masked: hidden,
    raw: false,
    environment_scope: scope,
    description: null,
  };
}

/** Pages by offset: what is removed meanwhile moves what follows to an earlier page. */
function page(items: readonly unknown[], { query, origin, path }: GitlabApiCall): GitlabAnswer {
  const size = Math.min(LARGEST_PAGE, positive(query.get('per_page')) ?? DEFAULT_PAGE);
  const number = positive(query.get('page')) ?? 1;
  const pages = Math.max(1, Math.ceil(items.length / size));
  const url = `${origin}/api/v4/${path.map(encodeURIComponent).join('/')}`;
  const link = (rel: string, to: number): string => `<${url}?page=${to}&per_page=${size}>; rel="${rel}"`;
  const next = number < pages ? [link('next', number + 1)] : [];
  return {
    status: 200,
    headers: {
      link: [...next, link('first', 1), link('last', pages)].join(', '),
      'x-next-page': number < pages ? String(number + 1) : '',
      'x-page': String(number),
      'x-per-page': String(size),
      'x-total': String(items.length),
      'x-total-pages': String(pages),
    },
    body: items.slice((number - 1) * size, number * size),
  };
}

function positive(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
