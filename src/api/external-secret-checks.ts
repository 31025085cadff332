/**
 * What is wrong with an ExternalSecret although its schema accepts it (`api.md` 11.2). Admission refuses what these
 * checks find; the controller runs them again, because admission can be down or be passed by.
 */
import { durationProblem } from './duration.ts';
import type { ExternalSecret, ExternalSecretSpec } from './external-secret.ts';
import type { ExternalSecretDataFrom } from './external-secret-data.ts';

type Check = (spec: Partial<ExternalSecretSpec>) => readonly string[];

const TARGETS = ['Data', 'Annotations', 'Labels'];
const SERVICE_ACCOUNT_TOKEN = 'kubernetes.io/service-account-token';
const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const BOOTSTRAP_TOKEN = 'bootstrap.kubernetes.io/token';

/** Everything that is wrong, one sentence each; empty when nothing is. Pure: nothing is looked up. */
export function checkExternalSecret(es: ExternalSecret): string[] {
  const spec = es.spec ?? {};
  return CHECKS.flatMap((check) => check(spec));
}

export const checkPolicies: Check = ({ target }) => {
  const { creationPolicy = 'Owner', deletionPolicy = 'Retain' } = target ?? {};
  const given = `spec.target.deletionPolicy is "${deletionPolicy}" and spec.target.creationPolicy is "${creationPolicy}"`;
  if (deletionPolicy === 'Delete' && ['Merge', 'None', 'CreateOrMerge'].includes(creationPolicy)) {
    return [`${given}: a Secret that the ExternalSecret does not own is never deleted; set creationPolicy to "Owner"`];
  }
  if (deletionPolicy === 'Merge' && creationPolicy === 'None') {
    return [`${given}: no Secret is written, so there are no keys to remove; set deletionPolicy to "Retain"`];
  }
  return [];
};

export const checkHasData: Check = ({ data = [], dataFrom = [] }) =>
  data.length + dataFrom.length === 0
    ? ['spec.data and spec.dataFrom are both empty: say in one of them which values to fetch']
    : [];

/** Secret types that would hand out credentials of the cluster itself. The controller runs this before each write. */
export const checkPrivilegedTemplate: Check = ({ target }) => {
  const template = target?.template;
  const field = 'spec.target.template.type';
  if (template?.type === BOOTSTRAP_TOKEN) {
    return [`${field} is "${BOOTSTRAP_TOKEN}": this type is forbidden; use another type`];
  }
  if (template?.type !== SERVICE_ACCOUNT_TOKEN) return [];
  if (template.metadata?.annotations?.[SERVICE_ACCOUNT_NAME] !== undefined) {
    return [
      `${field} is "${SERVICE_ACCOUNT_TOKEN}" and the template has the annotation ${SERVICE_ACCOUNT_NAME}: ` +
        'together they would make a token of that ServiceAccount and are forbidden; remove one of them',
    ];
  }
  const writesAnnotations = template.templateFrom?.some(({ target }) => target?.toLowerCase() === 'annotations');
  return writesAnnotations === true
    ? [
        `${field} is "${SERVICE_ACCOUNT_TOKEN}" and an entry of templateFrom writes annotations: ` +
          'together they could make a token of any ServiceAccount and are forbidden; remove one of them',
      ]
    : [];
};

/** Paths as destinations are for other objects than Secrets. The controller runs this before each write. */
export const checkTemplateTargets: Check = ({ target }) => {
  const { manifest, template } = target ?? {};
  if (manifest !== undefined && !(manifest.apiVersion === 'v1' && manifest.kind === 'Secret')) return [];
  return (template?.templateFrom ?? []).flatMap(({ target }, i) =>
    isSecretTarget(target)
      ? []
      : [
          `spec.target.template.templateFrom[${i}].target is ${JSON.stringify(target)}: ` +
            `a Secret has only ${TARGETS.join(', ')}; choose one of them, or name another kind in spec.target.manifest`,
        ],
  );
};

function isSecretTarget(target: string | undefined): boolean {
  return (target ?? '') === '' || TARGETS.some((name) => name.toLowerCase() === target?.toLowerCase());
}

export const checkDataFrom: Check = ({ dataFrom = [] }) =>
  dataFrom.flatMap((entry, i) => dataFromProblems(entry, `spec.dataFrom[${i}]`));

function dataFromProblems(entry: ExternalSecretDataFrom, field: string): readonly string[] {
  const sources = [
    ...(entry.extract === undefined ? [] : ['extract']),
    ...(entry.find === undefined ? [] : ['find']),
    ...(entry.sourceRef?.generatorRef === undefined ? [] : ['sourceRef.generatorRef']),
  ];
  if (sources.length > 1) {
    return [`${field} has ${sources.join(' and ')}, which exclude each other: make one entry for each`];
  }
  if (sources.length === 0 && entry.sourceRef === undefined) {
    return [`${field} is empty: set extract, find or sourceRef.generatorRef`];
  }
  const { generatorRef, storeRef } = entry.sourceRef ?? {};
  return entry.sourceRef !== undefined && generatorRef === undefined && storeRef === undefined
    ? [`${field}.sourceRef is empty: set generatorRef or storeRef, or remove sourceRef`]
    : [];
}

/** With `Delete` and `Merge` a key may come from several places, of which some may be missing. */
export const checkDuplicateKeys: Check = ({ data = [], target }) => {
  if ((target?.deletionPolicy ?? 'Retain') !== 'Retain') return [];
  const first = new Map<string, number>();
  return data.flatMap(({ secretKey }, i) => {
    const earlier = first.get(secretKey);
    if (earlier === undefined) first.set(secretKey, i);
    return earlier === undefined
      ? []
      : [
          `spec.data[${i}].secretKey is "${secretKey}", as in spec.data[${earlier}]: each key can be written only once; rename one`,
        ];
  });
};

/** A generator that this build cannot run: admission warns, the controller says it and goes no further (D11). */
export function checkGenerators({ spec }: ExternalSecret, unavailable: readonly string[]): string[] {
  return (spec?.dataFrom ?? []).flatMap(({ sourceRef }, i) => {
    const kind = sourceRef?.generatorRef?.kind;
    return kind === undefined || !unavailable.includes(kind)
      ? []
      : [`spec.dataFrom[${i}].sourceRef.generatorRef: generator ${kind} is not available in this build`];
  });
}

export const checkDurations: Check = ({ refreshInterval, syncWindows }) => [
  ...durationProblem('spec.refreshInterval', refreshInterval),
  ...(syncWindows?.windows ?? []).flatMap(({ duration }, i) =>
    durationProblem(`spec.syncWindows.windows[${i}].duration`, duration),
  ),
];

const CHECKS: readonly Check[] = [
  checkPolicies,
  checkHasData,
  checkPrivilegedTemplate,
  checkTemplateTargets,
  checkDataFrom,
  checkDuplicateKeys,
  checkDurations,
];
