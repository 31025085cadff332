/**
 * The series that exist once per object: its condition, its last duration, its sync counters. Kept as a few numbers per
 * object and turned into text only when somebody scrapes, in slices, so that ten thousand objects cost little memory and no
 * scrape holds up the event loop. Series live exactly as long as their object.
 */
import { header, labelText, sample } from './exposition.ts';

/** Lower-case kinds that have series. */
export type MeteredKind =
  | 'externalsecret'
  | 'secretstore'
  | 'clustersecretstore'
  | 'pushsecret'
  | 'clusterexternalsecret'
  | 'clusterpushsecret';

export interface MeteredObject {
  /** Absent for cluster-scoped kinds: the label is then empty. */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** The object's own labels, for `--enable-extended-metric-labels`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** Numbers of one object. `labels` is the finished text of its base labels. */
interface Series {
  labels: string;
  syncCalls: number;
  syncErrors: number;
  durationMs: number | undefined;
  readonly conditions: Map<string, ConditionStatus>;
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: (series: Series, metric: string) => string;
}

const EXTENDED_LABELS = ['name', 'instance', 'version', 'component', 'part-of', 'managed-by'] as const;
/** Objects turned into text before others get a turn. */
const SLICE = 1_000;

export class ObjectMetrics {
  readonly #kinds: ReadonlyMap<MeteredKind, Map<string, Series>>;
  readonly #extendedLabels: boolean;

  /** @param kinds those whose controllers run: a kind that is switched off has no metrics at all */
  constructor(kinds: readonly MeteredKind[], extendedLabels: boolean) {
    this.#kinds = new Map(kinds.map((kind) => [kind, new Map<string, Series>()]));
    this.#extendedLabels = extendedLabels;
  }

  /** Makes the object's series exist, its counters with 0, so that an `increase()` sees the first error (Q30). */
  track(kind: MeteredKind, object: MeteredObject): void {
    this.#series(kind, object);
  }

  /** The end of one pass over an object. */
  recordPass(
    kind: MeteredKind,
    object: MeteredObject,
    pass: { readonly failed: boolean; readonly tookMs: number },
  ): void {
    const series = this.#series(kind, object);
    if (series === undefined) return;
    series.syncCalls++;
    if (pass.failed) series.syncErrors++;
    series.durationMs = pass.tookMs;
  }

  /** Whatever the condition was before is 0 from now on. */
  recordCondition(kind: MeteredKind, object: MeteredObject, condition: string, status: ConditionStatus): void {
    this.#series(kind, object)?.conditions.set(condition, status);
  }

  /** The object is gone, and all its series with it. */
  forget(kind: MeteredKind, object: Pick<MeteredObject, 'namespace' | 'name'>): void {
    this.#kinds.get(kind)?.delete(keyOf(object));
  }

  async text(): Promise<string> {
    const parts: string[] = [];
    for (const [kind, all] of this.#kinds) {
      for (const family of familiesOf(kind)) {
        parts.push(header(family.name, family.type, family.help));
        let written = 0;
        for (const series of all.values()) {
          parts.push(family.samples(series, family.name));
          if (++written % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
    }
    return parts.join('');
  }

  #series(kind: MeteredKind, object: MeteredObject): Series | undefined {
    const all = this.#kinds.get(kind);
    if (all === undefined) return undefined;
    const key = keyOf(object);
    let series = all.get(key);
    if (series === undefined) {
      series = {
        labels: this.#labels(object),
        syncCalls: 0,
        syncErrors: 0,
        durationMs: undefined,
        conditions: new Map(),
      };
      all.set(key, series);
    } else if (this.#extendedLabels) series.labels = this.#labels(object);
    return series;
  }

  /** Base labels come from the object's identity only: no label of an object can take their place. */
  #labels({ name, namespace = '', labels }: MeteredObject): string {
    const extended = EXTENDED_LABELS.map((label) => [
      `app_kubernetes_io_${label.replaceAll('-', '_')}`,
      labels?.[`app.kubernetes.io/${label}`] ?? '',
    ]);
    return labelText({ name, namespace, ...(this.#extendedLabels ? Object.fromEntries(extended) : {}) });
  }
}

function keyOf({ namespace = '', name }: Pick<MeteredObject, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function familiesOf(kind: MeteredKind): readonly Family[] {
  return [...(kind === 'externalsecret' ? counters(kind) : []), ...durations(kind), conditions(kind)];
}

function counters(kind: MeteredKind): readonly Family[] {
  return [
    {
      name: `${kind}_sync_calls_total`,
      type: 'counter',
      help: 'Passes over the object.',
      samples: (series, metric) => sample(metric, series.labels, series.syncCalls),
    },
    {
      name: `${kind}_sync_calls_error`,
      type: 'counter',
      help: 'Passes over the object that failed.',
      samples: (series, metric) => sample(metric, series.labels, series.syncErrors),
    },
  ];
}

function durations(kind: MeteredKind): readonly Family[] {
  const in_ = (unitsPerMs: number) => (series: Series, metric: string) =>
    series.durationMs === undefined ? '' : sample(metric, series.labels, series.durationMs * unitsPerMs);
  return [
    {
      name: `${kind}_reconcile_duration`,
      type: 'gauge',
      help: 'Duration of the last pass over the object, in nanoseconds.',
      samples: in_(1e6),
    },
    {
      name: `${kind}_reconcile_duration_seconds`,
      type: 'gauge',
      help: 'Duration of the last pass over the object, in seconds.',
      samples: in_(1e-3),
    },
  ];
}

function conditions(kind: MeteredKind): Family {
  return {
    name: `${kind}_status_condition`,
    type: 'gauge',
    help: 'Conditions of the object: 1 for the status it has, 0 for the other one.',
    samples: (series, metric) =>
      [...series.conditions]
        .flatMap(([condition, current]) =>
          statusesBeside(current).map((status) =>
            sample(metric, `${series.labels},${labelText({ condition, status })}`, status === current ? 1 : 0),
          ),
        )
        .join(''),
  };
}

function statusesBeside(current: ConditionStatus): readonly ConditionStatus[] {
  return current === 'Unknown' ? ['True', 'False', 'Unknown'] : ['True', 'False'];
}
