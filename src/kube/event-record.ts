/** What an event looks like on the wire: core/v1, named so that the same news about the same object is one object. */
import { createHash } from 'node:crypto';
import type { KubeObject, Resource } from './types.ts';

export type EventType = 'Normal' | 'Warning';

/** The object an event is about; `apiVersion` and `kind` must be known. */
export interface EventSubject extends KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** One piece of news, and how often it came since it was last written. Times in milliseconds since the epoch. */
export interface News {
  readonly name: string;
  readonly namespace: string;
  readonly component: string;
  readonly about: EventSubject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

export interface EventObject extends KubeObject {
  readonly involvedObject: Readonly<Record<string, string | undefined>>;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

export const events: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };

const LONGEST_MESSAGE = 1024;
const LONGEST_NAME = 253;

export function news(
  component: string,
  about: EventSubject,
  type: EventType,
  reason: string,
  message: string,
  now: number,
): News {
  const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message;
  const { name = '', namespace = 'default', uid = '' } = about.metadata;
  const identity = [component, about.apiVersion, about.kind, namespace, name, uid, type, reason, text];
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return {
    name: `${name.slice(0, LONGEST_NAME - hash.length - 1).replace(/[-.]+$/, '')}.${hash}`,
    // Events about cluster-scoped objects live in the default namespace: that is where kubectl describe looks.
    namespace,
    component,
    about,
    type,
    reason,
    message: text,
    firstAt: now,
    lastAt: now,
    count: 1,
  };
}

export function eventObject(item: News): EventObject {
  const { apiVersion, kind, metadata } = item.about;
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    metadata: { name: item.name, namespace: item.namespace },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    type: item.type,
    reason: item.reason,
    message: item.message,
    count: item.count,
    firstTimestamp: timestamp(item.firstAt),
    lastTimestamp: timestamp(item.lastAt),
    source: { component: item.component },
    reportingComponent: item.component,
    reportingInstance: '',
  };
}

/** RFC 3339, second precision. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
