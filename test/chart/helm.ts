/** Runs the pinned Helm programs on the chart. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kube/types.ts';

export const CHART = join(import.meta.dirname, '../../charts/external-secrets');
export const RELEASE = 'external-secrets';
export const NAMESPACE = 'external-secrets';

export type Values = Readonly<Record<string, unknown>>;

export interface RenderOptions {
  readonly values?: Values;
  readonly release?: string;
  readonly namespace?: string;
  /** Kinds and groups the cluster is said to know, e.g. `monitoring.coreos.com/v1/ServiceMonitor`. */
  readonly apiVersions?: readonly string[];
  readonly kubeVersion?: string;
  /** Only these templates, e.g. `rbac.yaml`. */
  readonly only?: readonly string[];
}

export interface HelmSettings {
  readonly kubeconfig?: string;
  /** Caches and settings of Helm itself. */
  readonly home: string;
}

const MEGABYTES = 64 * 1024 * 1024;

/** One of the Helm programs. Nothing of the machine's own Helm settings is seen. */
export class Helm {
  readonly #program: string;
  readonly #settings: HelmSettings;

  constructor(program: string, settings: HelmSettings = { home: tmpdir() }) {
    this.#program = program;
    this.#settings = settings;
  }

  /** @returns what it prints. @throws Error with what it complains about */
  async run(...args: readonly string[]): Promise<string> {
    const { home, kubeconfig = '' } = this.#settings;
    const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig };
    const { stdout } = await promisify(execFile)(this.#program, [...args], { env, maxBuffer: MEGABYTES });
    return stdout;
  }

  /** `helm template`, as text. */
  async text(options: RenderOptions = {}): Promise<string> {
    const { release = RELEASE, namespace = NAMESPACE, apiVersions = [], kubeVersion, only = [] } = options;
    return this.withValues(options.values ?? {}, (file) =>
      this.run(
        'template',
        release,
        CHART,
        `--namespace=${namespace}`,
        `--values=${file}`,
        ...apiVersions.flatMap((version) => ['--api-versions', version]),
        ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
        ...only.flatMap((name) => ['--show-only', `templates/${name}`]),
      ),
    );
  }

  /** `helm template`, as objects. */
  async render(options: RenderOptions = {}): Promise<readonly KubeObject[]> {
    return objectsIn(await this.text(options));
  }

  /** Calls `use` with a file that holds the values. */
  async withValues<T>(values: Values, use: (file: string) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'values-'));
    const file = join(folder, 'values.yaml');
    writeFileSync(file, JSON.stringify(values));
    try {
      return await use(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

export function objectsIn(yaml: string): readonly KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
export function nested(values: Values): Values {
  const result: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<Record<string, unknown>>(
      (node, key) => (node[key] ??= {}) as Record<string, unknown>,
      result,
    );
    parent[last] = value;
  }
  return result;
}
