/**
 * What Prometheus does with a ServiceMonitor: finds the Services it selects, behind them the addresses of the Pods, and scrapes each. It
 * stands on the node, in the network of the Pods.
 */
import assert from 'node:assert/strict';
import { parseExposition, type Exposition } from '../../src/telemetry/parse-exposition.ts';
import { list, type Read } from './cluster.ts';

/** As much of a ServiceMonitor as is followed here. */
export interface MonitorSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly namespaceSelector: { readonly matchNames: readonly string[] };
  readonly endpoints: readonly Endpoint[];
}
interface Endpoint {
  /** Name of the Service's port. */
  readonly port: string;
  readonly path?: string;
  readonly interval: string;
  readonly scrapeTimeout: string;
  readonly honorLabels: boolean;
}
interface Slice {
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly targetRef: { readonly name: string };
  }[];
}

export interface Target {
  /** What becomes the label `service`, by which dashboards choose. */
  readonly service: string;
  readonly pod: string;
  readonly url: string;
}

export async function targetsOf(spec: MonitorSpec): Promise<readonly Target[]> {
  const targets = spec.namespaceSelector.matchNames.flatMap((namespace) =>
    spec.endpoints.map(async (endpoint) => {
      const services = await list('services', `--namespace=${namespace}`, `--selector=${asSelector(spec)}`);
      return Promise.all(services.map((service) => behind(service, endpoint)));
    }),
  );
  return (await Promise.all(targets)).flat(2);
}

function asSelector({ selector }: MonitorSpec): string {
  return Object.entries(selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** A Service without a port of that name is passed over. */
async function behind({ metadata, spec }: Read, { port, path = '/metrics' }: Endpoint): Promise<readonly Target[]> {
  const ports = (spec?.['ports'] ?? []) as readonly { readonly name: string }[];
  if (!ports.some(({ name }) => name === port)) return [];
  const selector = `--selector=kubernetes.io/service-name=${metadata.name}`;
  const slices = (await list(
    'endpointslices',
    `--namespace=${metadata.namespace}`,
    selector,
  )) as unknown as readonly Slice[];
  return slices.flatMap(({ ports: open, endpoints }) =>
    endpoints.flatMap(({ addresses: [address], targetRef }) =>
      open
        .filter(({ name }) => name === port)
        .map((each) => ({
          service: metadata.name,
          pod: targetRef.name,
          url: `http://${address}:${each.port}${path}`,
        })),
    ),
  );
}

/** Asks as Prometheus 3 does, which refuses a page that does not say in which format it is. */
export async function scrapeAsPrometheus({ url }: Target): Promise<Exposition> {
  const accept = 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1';
  const answer = await fetch(url, { headers: { accept, 'user-agent': 'Prometheus/3.5.0' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; ?version=0\.0\.4/);
  return parseExposition(await answer.text());
}
