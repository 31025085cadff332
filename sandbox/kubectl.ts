/**
 * As much of `kubectl get` as tests use, for the sandbox: kinds are found by discovery and the rows come from the server as
 * a Table, as with the real kubectl. Anything else is refused by name.
 */
import { parseArgs } from 'node:util';

/** Sends a GET to the API server and returns the parsed body, whatever the status. */
export type Fetch = (path: string, accept: string) => Promise<unknown>;

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  /** Added while reading discovery, e.g. `/apis/external-secrets.io/v1`. */
  readonly path: string;
  readonly group: string;
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows: readonly {
    readonly cells: readonly (string | number | boolean | null)[];
    readonly object: { readonly metadata: { readonly name: string; readonly namespace?: string } };
  }[];
}

const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';
const JSON_TYPE = 'application/json';

/** @throws with kubectl's words when the server refuses. */
export async function kubectl(fetch: Fetch, args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      namespace: { type: 'string', short: 'n', default: 'default' },
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      output: { type: 'string', short: 'o', default: '' },
      selector: { type: 'string', short: 'l' },
      'no-headers': { type: 'boolean', default: false },
    },
  });
  const [verb, what = '', name = what.split('/')[1]] = positionals;
  if (verb !== 'get') throw new Error(`kubectl ${verb} is not there in the sandbox; only get is`);
  const resource = await find(fetch, what.split('/')[0] ?? '');
  const everywhere = values['all-namespaces'];
  const path = objectPath(resource, everywhere ? undefined : values.namespace, name, values.selector);
  if (values.output === '' || values.output === 'wide') {
    const table = (await ask(fetch, path, TABLE)) as Table;
    return printed(table, { wide: values.output === 'wide', everywhere, headers: !values['no-headers'] });
  }
  return inFormat(values.output, resource, await ask(fetch, path, JSON_TYPE));
}

function objectPath(resource: ApiResource, namespace: string | undefined, name?: string, selector?: string): string {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  return `${resource.path}${scope}/${resource.name}${name === undefined ? '' : `/${name}`}${query}`;
}

async function find(fetch: Fetch, word: string): Promise<ApiResource> {
  for (const resource of await discover(fetch)) {
    const { name, singularName, kind, shortNames = [], group } = resource;
    const names = [name, singularName, kind.toLowerCase(), ...shortNames];
    if (names.some((known) => word.toLowerCase() === known || word.toLowerCase() === `${known}.${group}`))
      return resource;
  }
  throw new Error(`error: the server doesn't have a resource type "${word}"`);
}

interface Version {
  readonly groupVersion: string;
}

async function discover(fetch: Fetch): Promise<ApiResource[]> {
  const { groups } = (await ask(fetch, '/apis', JSON_TYPE)) as {
    groups: { name: string; preferredVersion: Version; versions?: readonly Version[] }[];
  };
  // A kind need not be there in its group's preferred version, but where it is, that one counts.
  const served = groups.flatMap(({ name, preferredVersion, versions = [] }) => {
    const all = new Set([preferredVersion, ...versions].map(({ groupVersion }) => groupVersion));
    return [...all].map((version) => [name, `/apis/${version}`]);
  });
  const paths = [['', '/api/v1'], ...served];
  const found: ApiResource[] = [];
  for (const [group = '', path = ''] of paths) {
    const { resources } = (await ask(fetch, path, JSON_TYPE)) as { resources: Omit<ApiResource, 'path' | 'group'>[] };
    found.push(
      ...resources.filter(({ name }) => !name.includes('/')).map((resource) => ({ ...resource, path, group })),
    );
  }
  return found;
}

async function ask(fetch: Fetch, path: string, accept: string): Promise<unknown> {
  const body = (await fetch(path, accept)) as { kind?: string; status?: string; reason?: string; message?: string };
  if (body.kind === 'Status' && body.status === 'Failure')
    throw new Error(`Error from server (${body.reason}): ${body.message}`);
  return body;
}

function printed(table: Table, show: { wide: boolean; everywhere: boolean; headers: boolean }): string {
  const columns = table.columnDefinitions.map((column, index) => ({ ...column, index }));
  const shown = columns.filter(({ priority = 0 }) => show.wide || priority === 0);
  const head = shown.map(({ name }) => name.toUpperCase());
  const rows = table.rows.map(({ cells, object }) => {
    const texts = shown.map(({ index }) => String(cells[index] ?? '<none>'));
    return show.everywhere ? [object.metadata.namespace ?? '', ...texts] : texts;
  });
  if (rows.length === 0) return '';
  return aligned(show.headers ? [show.everywhere ? ['NAMESPACE', ...head] : head, ...rows] : rows);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('   ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function inFormat(format: string, resource: ApiResource, body: unknown): string {
  if (format === 'json') return `${JSON.stringify(body, null, 4)}\n`;
  if (format.startsWith('jsonpath=')) return atPath(body, format.slice('jsonpath='.length));
  if (format !== 'name') throw new Error(`-o ${format} is not there in the sandbox`);
  const objects = (body as { items?: Named[] }).items ?? [body as Named];
  const type = resource.group === '' ? resource.singularName : `${resource.singularName}.${resource.group}`;
  return objects.map(({ metadata }) => `${type}/${metadata.name}\n`).join('');
}

interface Named {
  readonly metadata: { readonly name: string };
}

/** Plain paths only: `{.status.conditions[0].reason}`, dots in names escaped as `\.`. */
function atPath(body: unknown, expression: string): string {
  const steps = expression.replace(/^\{\.?|\}$/g, '').match(/(?:\\.|[^.[\]])+/g) ?? [];
  const value = steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown> | undefined)?.[step.replaceAll('\\', '')],
    body,
  );
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
