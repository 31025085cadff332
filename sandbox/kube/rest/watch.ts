/**
 * One open watch: the changes of a selection as JSON lines, bookmarks, and an end after `timeoutSeconds`. Lines are
 * serialised once per change and form, however many watch.
 */
import type { Timer } from '../../../src/clock.ts';
import type { Cluster } from '../cluster.ts';
import { tableOf } from '../cluster.ts';
import { groupVersion } from '../kinds/kind.ts';
import type { Served } from '../registry.ts';
import { expired } from '../status.ts';
import type { Change, Entry, Table } from '../storage.ts';
import { sortKey } from '../storage.ts';
import { objectAt, withValueAt } from '../json.ts';
import type { Selection } from './read.ts';
import { versionOf } from './read.ts';
import type { View } from './view.ts';
import { renderEntry, renderObject } from './view.ts';

/** Where lines go; `end` closes cleanly. */
export interface Sink {
  write(line: string): void;
  end(): void;
}

const BOOKMARK_PERIOD_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 45 * 60_000;

export interface WatchRequest {
  readonly served: Served;
  readonly selection: Selection;
  readonly view: View;
  readonly query: URLSearchParams;
}

export class Watch {
  readonly #cluster: Cluster;
  readonly #table: Table;
  readonly #request: WatchRequest;
  readonly #sink: Sink;
  readonly #bookmarks: boolean;
  readonly #viewKey: string;
  readonly #timers = new Set<Timer>();
  #unlisten: (() => void) | undefined;

  constructor(cluster: Cluster, request: WatchRequest, sink: Sink) {
    const { served, view, query } = request;
    this.#cluster = cluster;
    this.#table = tableOf(cluster, served.kind);
    this.#request = request;
    this.#sink = sink;
    this.#bookmarks = ['true', '1'].includes(query.get('allowWatchBookmarks') ?? '');
    this.#viewKey = `${served.version.name} ${view.as} ${view.rowObject}`;
  }

  /** Sends what the resource version asks for and follows from there. @throws 400 on a bad version. */
  start(): void {
    const { query } = this.#request;
    const version = versionOf(query.get('resourceVersion'));
    if (query.get('sendInitialEvents') === 'true') this.#sendState(true);
    else if (version === undefined || version === 0) this.#sendState(false);
    else if (!this.#replay(version)) return;
    this.#unlisten = this.#table.listen((change) => this.#onChange(change));
    this.#armTimeout();
    if (this.#bookmarks) this.#armBookmark();
  }

  /** Stops following; sends a last bookmark when asked for ends cleanly. */
  end(): void {
    if (this.#unlisten === undefined) return;
    this.stop();
    if (this.#bookmarks) this.#sink.write(this.#bookmark({}));
    this.#sink.end();
  }

  stop(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #timer(ms: number, fn: () => void): void {
    const timer = this.#cluster.clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }

  #armTimeout(): void {
    const seconds = Number(this.#request.query.get('timeoutSeconds') ?? 0);
    this.#timer(seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS, () => this.end());
  }

  #armBookmark(): void {
    this.#timer(BOOKMARK_PERIOD_MS, () => {
      this.#sink.write(this.#bookmark({}));
      this.#armBookmark();
    });
  }

  #sendState(markEnd: boolean): void {
    const { namespace, matches } = this.#request.selection;
    const entries = [...this.#table.entries(namespace)].filter((entry) => matches(entry.object));
    for (const entry of entries.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)))
      this.#sink.write(this.#line('ADDED', entry));
    if (markEnd) this.#sink.write(this.#bookmark({ 'k8s.io/initial-events-end': 'true' }));
  }

  /** False when the history does not reach back: the stream then ends with an ERROR event. */
  #replay(version: number): boolean {
    const changes = this.#table.since(version);
    if (changes === undefined) {
      const error = expired(`too old resource version: ${version} (${this.#table.forgotten})`);
      this.#sink.write(`{"type":"ERROR","object":${JSON.stringify(error.toJson())}}\n`);
      this.#sink.end();
      return false;
    }
    for (const change of changes) this.#onChange(change);
    return true;
  }

  #onChange(change: Change): void {
    const { namespace, matches } = this.#request.selection;
    if (namespace !== undefined && change.entry.namespace !== namespace) return;
    const is = change.type !== 'DELETED' && matches(change.entry.object);
    const was = change.previous !== undefined && matches(change.previous.object);
    if (is) this.#sink.write(this.#changeLine(was ? 'MODIFIED' : 'ADDED', change));
    else if (was) this.#sink.write(this.#changeLine('DELETED', change));
  }

  #changeLine(type: string, change: Change): string {
    const key = `${type} ${this.#viewKey}`;
    let line = change.lines.get(key);
    if (line === undefined) {
      line = this.#line(type, type === 'DELETED' && change.type !== 'DELETED' ? lastSelected(change) : change.entry);
      change.lines.set(key, line);
    }
    return line;
  }

  #line(type: string, entry: Entry): string {
    const { served, view } = this.#request;
    return `{"type":"${type}","object":${renderEntry(served, entry, view, this.#cluster.clock.now())}}\n`;
  }

  #bookmark(annotations: Readonly<Record<string, string>>): string {
    const { served, view } = this.#request;
    const { group, kind } = served.kind;
    const metadata = { resourceVersion: String(this.#cluster.storage.version), creationTimestamp: null, annotations };
    if (view.as !== 'object')
      return `{"type":"BOOKMARK","object":${JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata })}}\n`;
    const object = { apiVersion: groupVersion(group, served.version.name), kind, metadata };
    return `{"type":"BOOKMARK","object":${renderObject(served, object, view, 0)}}\n`;
  }
}

/** An object that left the selection is sent as it was, with the version at which it left. */
function lastSelected(change: Change): Entry {
  const previous = change.previous ?? change.entry;
  const object = withValueAt(previous.object, ['metadata', 'resourceVersion'], String(change.version));
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return {
    ...previous,
    object: { ...object, metadata: objectAt(object, 'metadata') },
    version: change.version,
    body: JSON.stringify(rest).slice(1),
  };
}
