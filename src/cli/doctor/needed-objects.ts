/**
 * Secrets, ConfigMaps and ServiceAccounts that something refers to: are they there, with the keys that are named? Of their content only
 * the names of the keys are kept.
 */
import type { ObjectReference } from '../../api/object-references.ts';
import { configMaps, secrets, serviceAccounts } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/types.ts';
import { look, seenAs, type Seen } from './look.ts';
import { fail, ok, unknown, type Step } from './step.ts';

/** A reference, with the namespace in which it is looked up. */
export interface Need extends ObjectReference {
  readonly namespace: string;
}

/** Names of keys. By {@link nameOfNeed}. */
export type KeysSeen = ReadonlyMap<string, Seen<ReadonlySet<string>>>;

interface Keyed extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

const RESOURCES: Readonly<Record<Need['kind'], Resource>> = {
  Secret: secrets,
  ConfigMap: configMaps,
  ServiceAccount: serviceAccounts,
};

export function nameOfNeed({ kind, namespace, name }: Need): string {
  return `${kind} ${namespace}/${name}`;
}

export async function readNeeds(client: KubeClient, needs: readonly Need[]): Promise<KeysSeen> {
  const seen = new Map<string, Seen<ReadonlySet<string>>>();
  for (const need of needs) {
    const name = nameOfNeed(need);
    if (!seen.has(name)) seen.set(name, seenAs(await look<Keyed>(client, RESOURCES[need.kind], need), keysOf));
  }
  return seen;
}

function keysOf({ data = {}, binaryData = {} }: Keyed): ReadonlySet<string> {
  return new Set([...Object.keys(data), ...Object.keys(binaryData)]);
}

/** One step per object. `role`: what they are for, e.g. `credentials`. */
export function needSteps(role: string, needs: readonly Need[], seen: KeysSeen): readonly Step[] {
  return [...Map.groupBy(needs, nameOfNeed)].map(([name, same]) => needStep(`${role}: ${name}`, same, seen.get(name)));
}

function needStep(what: string, needs: readonly Need[], seen: Seen<ReadonlySet<string>> | undefined): Step {
  const [{ kind, namespace, field }] = needs as readonly [Need, ...Need[]];
  const keys = [...new Set(needs.map(({ key }) => key).filter((key) => key !== undefined))];
  const wanted = keys.length === 0 ? '' : ` with ${quoted(keys)}`;
  if (seen === undefined || seen.state === 'denied') {
    return unknown(
      what,
      `not looked at, your kubeconfig may not read a ${kind} there; it must exist${wanted} (${field})`,
    );
  }
  if (seen.state === 'missing') {
    return fail(what, `not found (${field})`, `create it in namespace "${namespace}"${wanted}, or correct ${field}`);
  }
  const lost = needs.filter(({ key }) => key !== undefined && !seen.object.has(key));
  const [first] = lost;
  if (first === undefined) return ok(what, `exists${wanted}`);
  const has = seen.object.size === 0 ? 'none' : quoted([...seen.object].sort());
  return fail(
    what,
    `has no key ${quoted(lost.map(({ key }) => key ?? ''))} (${first.field}); its keys: ${has}`,
    `add the key, or correct ${first.field}.key`,
  );
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ');
}
