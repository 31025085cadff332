/** What a survey means for a takeover. Pure. Findings want something done; remarks are worth knowing. */
import type { KubeObject } from '../../kube/types.ts';
import type { Deployment } from '../deployments.ts';
import { nameOf, type Finding } from './finding.ts';
import { objectFindings } from './object-findings.ts';
import { storageVersion, type Definition, type Survey } from './survey.ts';

export function findingsOf(survey: Survey): readonly Finding[] {
  return [
    ...missingDefinitions(survey),
    ...survey.definitions.flatMap(conversions),
    ...survey.definitions.flatMap((definition) => storedVersions(definition, survey)),
    ...helmOwners(survey),
    ...operators(survey),
    ...webhooks(survey),
    ...objectFindings(survey),
    ...finalizers(survey),
  ];
}

function missingDefinitions({ definitions }: Survey): readonly Finding[] {
  if (definitions.length > 0) return [];
  const message = 'no CRD of external-secrets.io is installed: there is nothing to take over';
  return [{ check: 'crds', level: 'remark', message, objects: [] }];
}

/** With such a definition every read fails once the webhook is gone. */
function conversions(definition: Definition): readonly Finding[] {
  if (definition.spec.conversion?.strategy !== 'Webhook') return [];
  return [
    {
      check: 'conversion-webhook',
      level: 'finding',
      message:
        'its versions are converted by a webhook, which goes with the old operator: then every read of its objects fails',
      remedy: 'upgrade the CRDs with this chart or from crds/; spec.conversion.strategy must say None afterwards',
      objects: [nameOf(definition, 'CustomResourceDefinition')],
    },
  ];
}

/** Versions that may still be in the API server's store although a newer one is written. */
export function oldVersions(definition: Definition): readonly string[] {
  const current = storageVersion(definition);
  return (definition.status?.storedVersions ?? []).filter((version) => version !== current);
}

const BETA_ONLY = 'v1beta1';

function storedVersions(definition: Definition, { objects }: Survey): readonly Finding[] {
  const { kind } = definition.spec.names;
  const named = [nameOf(definition, 'CustomResourceDefinition')];
  if (storageVersion(definition) === BETA_ONLY) {
    const message = 'it is written as v1beta1';
    const remedy = 'upgrade the CRDs (with this chart, or from crds/), then run this again with --write';
    return [{ check: 'storage-version', level: 'finding', message, remedy, objects: named }];
  }
  const old = oldVersions(definition);
  if (old.length === 0) return [];
  const count = objects.get(kind)?.length;
  const some = count === undefined ? 'its objects' : `up to ${count} objects`;
  const message = `${some} may still be stored as ${old.join(', ')}`;
  return [{ check: 'stored-versions', level: 'finding', message, remedy: 'run this with --write', objects: named }];
}

function helmOwners({ definitions }: Survey): readonly Finding[] {
  const byOwner = Map.groupBy(definitions, ownerOf);
  const [only] = byOwner.keys();
  if (byOwner.size === 0 || only === undefined) return [];
  if (byOwner.size === 1) {
    const message = only === '' ? 'the CRDs belong to no Helm release' : `the CRDs belong to the Helm release ${only}`;
    const remedy =
      only === ''
        ? 'install with installCRDs=false and apply crds/, or let Helm adopt them with --take-ownership'
        : 'upgrade that very release; under another name or namespace Helm needs --take-ownership';
    return [{ check: 'helm-owner', level: only === '' ? 'finding' : 'remark', message, remedy, objects: [] }];
  }
  return [...byOwner].map(([owner, theirs]) => ({
    check: 'helm-owner',
    level: 'finding' as const,
    message:
      owner === '' ? 'CRDs of no Helm release, beside others' : `CRDs of the Helm release ${owner}, beside others`,
    remedy: 'bring all CRDs to one owner: helm upgrade --take-ownership',
    objects: theirs.map((definition) => nameOf(definition, 'CustomResourceDefinition')),
  }));
}

/** `namespace/release`; empty: not Helm's. */
function ownerOf({ metadata }: KubeObject): string {
  const { annotations = {}, labels = {} } = metadata;
  if (labels['app.kubernetes.io/managed-by'] !== 'Helm') return '';
  return `${annotations['meta.helm.sh/release-namespace'] ?? ''}/${annotations['meta.helm.sh/release-name'] ?? ''}`;
}

/** Two that serve one class undo each other's work. */
function operators({ operators: found }: Survey): readonly Finding[] {
  const running = found.filter(({ spec }) => spec?.replicas !== 0);
  return [...Map.groupBy(running, classOf)]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => ({
      check: 'two-operators',
      level: 'finding' as const,
      message: `${same.length} operators run for the controller class "${name}" and write the same objects`,
      remedy: 'scale all but one to 0, or give each a controllerClass of its own',
      objects: same.map((deployment) => nameOf(deployment, 'Deployment')),
    }));
}

const CLASS = '--controller-class=';

function classOf({ spec }: Deployment): string {
  const args = spec?.template?.spec?.containers?.flatMap((container) => container.args ?? []) ?? [];
  return args.findLast((arg) => arg.startsWith(CLASS))?.slice(CLASS.length) ?? 'default';
}

function webhooks({ webhooks: found, operators: known }: Survey): readonly Finding[] {
  const homes = new Set(known.map(({ metadata }) => metadata.namespace));
  return found.flatMap((configuration) => {
    const services = configuration.webhooks?.flatMap(({ clientConfig }) => clientConfig?.service ?? []) ?? [];
    const [stray] = services.filter(({ namespace }) => !homes.has(namespace));
    if (stray === undefined) return [];
    return [
      {
        check: 'webhook',
        level: 'finding' as const,
        message: `it calls the Service ${stray.namespace}/${stray.name}, where no operator runs: stores and ExternalSecrets may be refused`,
        remedy: 'delete it, or install the chart in that namespace',
        objects: [nameOf(configuration, 'ValidatingWebhookConfiguration')],
      },
    ];
  });
}

const PEER_FINALIZERS = /^externalsecrets\.external-secrets\.io\/(?:externalsecret-cleanup$|ces-)/;

function finalizers({ objects, namespaces }: Survey): readonly Finding[] {
  const isHeld = ({ metadata }: KubeObject): boolean =>
    metadata.finalizers?.some((finalizer) => PEER_FINALIZERS.test(finalizer)) === true;
  const held = [
    ...(objects.get('ExternalSecret') ?? []).filter(isHeld).map((es) => nameOf(es, 'ExternalSecret')),
    ...namespaces.filter(isHeld).map((namespace) => nameOf(namespace, 'Namespace')),
  ];
  if (held.length === 0) return [];
  const message = 'finalizers of the other operator: taken away when they are deleted, or with our next write';
  return [{ check: 'finalizers', level: 'remark', message, objects: held }];
}
