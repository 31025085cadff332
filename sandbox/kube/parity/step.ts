/**
 * One request of the comparison, and the words that all tables of requests share.
 */
import type { Json } from '../json.ts';

export interface Step {
  readonly name: string;
  readonly method: string;
  /** `{ns}` stands for the namespace. */
  readonly path: string;
  readonly body?: Json;
  /** Default: `application/json`. */
  readonly contentType?: string;
  readonly accept?: string;
  /** Body built from the last answer to a request that returned an object. */
  readonly change?: (object: Record<string, Json>) => Json;
  readonly userAgent?: string;
  /** The answer comes when something in the background has happened: asked until it has this status. */
  readonly until?: number;
  /** Something in the background may or may not have happened by now: only the status is compared. */
  readonly racy?: boolean;
}

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

export const ns = '/api/v1/namespaces/{ns}';
export const secrets = `${ns}/secrets`;
export const widgets = '/apis/parity.example.com/v1/namespaces/{ns}/widgets';
export const b64 = (text: string): string => Buffer.from(text).toString('base64');
export const secret = (name: string, more: Record<string, Json> = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  ...more,
});
export const widget = (name: string, spec: Json, more: Record<string, Json> = {}): Json => ({
  apiVersion: 'parity.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
});

/** A creation of a Widget that is expected to fail or be changed by its schema. */
export const bad = (name: string, spec: Json, query = ''): Step => ({
  name,
  method: 'POST',
  path: `${widgets}${query}`,
  body: widget(name.toLowerCase().replaceAll(/[^a-z]+/g, '-'), spec),
});
