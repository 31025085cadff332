/** Objects of a made-up kind, for tests of rooms that know no real one, and a logger that remembers. */
import type { Log } from '../../src/log.ts';
import type { KubeObject, ObjectMeta, Resource } from '../../src/kube/types.ts';

export const things: Resource = {
  group: 'example.org',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
};

export interface Thing extends KubeObject {
  readonly spec: { readonly size: number };
}

/** `thing('a')` is `default/a` of size 1. */
export function thing(name: string, size = 1, metadata: Partial<ObjectMeta> = {}): Thing {
  return { metadata: { name, namespace: 'default', ...metadata }, spec: { size } };
}

export interface RememberedLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export class MemoryLog implements Log {
  readonly lines: RememberedLine[] = [];
  readonly debug = (fields: object, message: string): void => void this.lines.push({ level: 'debug', fields, message });
  readonly info = (fields: object, message: string): void => void this.lines.push({ level: 'info', fields, message });
  readonly warn = (fields: object, message: string): void => void this.lines.push({ level: 'warn', fields, message });
  readonly error = (fields: object, message: string): void => void this.lines.push({ level: 'error', fields, message });

  child(): MemoryLog {
    return this;
  }

  messages(level: string): readonly string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }
}
