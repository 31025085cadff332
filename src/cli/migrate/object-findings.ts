/** Objects that would not work as they are: what admission would say of each, and what it cannot see. Pure. */
import { isIP } from 'node:net';
import { admissionRules } from '../../assembly/admission-rules.ts';
import { OutboundRules } from '../../providers/outbound.ts';
import { asAdmitted, type JudgedKind } from '../as-admitted.ts';
import { nameOf, type Finding } from './finding.ts';
import type { Custom, Survey } from './survey.ts';

const STORES = ['SecretStore', 'ClusterSecretStore'] as const;

export function objectFindings(survey: Survey): readonly Finding[] {
  const said = (['SecretStore', 'ClusterSecretStore', 'ExternalSecret'] as const).flatMap((kind) =>
    objectsOf(survey, kind).flatMap((object) =>
      saidOf(kind, object).map((message) => ({ message, name: nameOf(object, kind) })),
    ),
  );
  const byMessage = Map.groupBy(said, ({ message }) => message);
  return [
    ...[...byMessage].map(([message, where]) => ({
      check: 'object',
      level: 'finding' as const,
      message,
      remedy:
        'change or remove what is named; until then it says so in its Ready condition, and its Secrets stay as they are',
      objects: where.map(({ name }) => name),
    })),
    ...unservedUsers(survey),
    ...refusedTargets(survey),
    ...kubeconfigs(survey),
  ];
}

function saidOf(kind: JudgedKind, object: Custom): readonly string[] {
  const { errors, warnings } = asAdmitted(kind, object);
  return [...errors, ...warnings];
}

function objectsOf({ objects }: Survey, kind: string): readonly Custom[] {
  return objects.get(kind) ?? [];
}

function providerOf({ spec }: Custom): readonly [name: string, value: unknown] {
  const provider = (spec?.['provider'] ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(provider)[0] ?? ['', undefined];
}

/** Who uses stores whose provider this build does not have. */
function unservedUsers(survey: Survey): readonly Finding[] {
  const built = new Set(admissionRules.providers.map(({ name }) => name));
  const unserved = new Set(
    STORES.flatMap((kind) =>
      objectsOf(survey, kind)
        .filter((store) => !built.has(providerOf(store)[0]))
        .map((store) => storeKey(kind, store.metadata.namespace, store.metadata.name)),
    ),
  );
  const users = ['ExternalSecret', 'PushSecret', 'ClusterExternalSecret', 'ClusterPushSecret'].flatMap((kind) =>
    objectsOf(survey, kind)
      .filter((object) => storeKeysIn(object.spec, object.metadata.namespace).some((key) => unserved.has(key)))
      .map((object) => nameOf(object, kind)),
  );
  if (users.length === 0) return [];
  const message =
    'uses a store whose provider is not available in this build: not refreshed, and its Secret stays as it is';
  return [
    {
      check: 'unavailable',
      level: 'finding',
      message,
      remedy: 'leave these to the other operator (spec.controller of the store)',
      objects: users,
    },
  ];
}

function storeKey(kind: string, namespace: string | undefined, name: string): string {
  return kind === 'ClusterSecretStore' ? `${kind}/${name}` : `${kind}/${namespace ?? '*'}/${name}`;
}

const REFERENCES: ReadonlySet<string> = new Set(['secretStoreRef', 'storeRef', 'secretStoreRefs']);

/** Wherever in a spec a store is named. A namespaced one of a cluster-wide object is in many namespaces and left out. */
function storeKeysIn(value: unknown, namespace: string | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([member, inner]) => {
    const references = REFERENCES.has(member) ? [inner].flat() : [];
    const keys = references.flatMap((reference) => {
      const { name, kind = 'SecretStore' } = (reference ?? {}) as { readonly name?: string; readonly kind?: string };
      return name === undefined ? [] : [storeKey(kind, namespace, name)];
    });
    return [...keys, ...storeKeysIn(inner, namespace)];
  });
}

const RULES = new OutboundRules();

/** Addresses that are refused (loopback, link-local, metadata) as far as the URL itself shows it. */
function refusedTargets(survey: Survey): readonly Finding[] {
  const refused = STORES.flatMap((kind) =>
    objectsOf(survey, kind)
      .filter((store) => urlsOf(providerOf(store)).some(isRefused))
      .map((store) => nameOf(store, kind)),
  );
  if (refused.length === 0) return [];
  const message = 'its URL leads to a loopback, link-local, metadata or unspecified address, which is refused';
  return [
    {
      check: 'outbound',
      level: 'finding',
      message,
      remedy: 'if that is wanted: --allow-targets=<CIDR> (extraArgs)',
      objects: refused,
    },
  ];
}

function urlsOf([name, value]: readonly [string, unknown]): readonly string[] {
  const spec = (value ?? {}) as Readonly<Record<string, unknown>>;
  const server =
    name === 'kubernetes' ? ((spec['server'] ?? {}) as Readonly<Record<string, unknown>>)['url'] : spec['server'];
  return [server, spec['url']].filter((url) => typeof url === 'string');
}

function isRefused(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname.replaceAll(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return isIP(host) > 0 && RULES.refusal(host) !== undefined;
}

/** Their content is in a Secret, which this command does not read. */
function kubeconfigs(survey: Survey): readonly Finding[] {
  const named = STORES.flatMap((kind) =>
    objectsOf(survey, kind)
      .filter((store) => {
        const [name, value] = providerOf(store);
        return name === 'kubernetes' && (value as { readonly authRef?: unknown } | undefined)?.authRef !== undefined;
      })
      .map((store) => nameOf(store, kind)),
  );
  if (named.length === 0) return [];
  const message =
    'a kubeconfig in a Secret (authRef): commands, files and proxies in it are refused, only inline data is used';
  return [{ check: 'kubeconfig', level: 'remark', message, objects: named }];
}
