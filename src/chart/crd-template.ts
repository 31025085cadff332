/**
 * A CRD as a template of the Helm chart: whether it is installed, its annotations and what is served are values. The rest is the
 * CRD of `crds/` as it stands.
 */
import { stringify } from 'yaml';
import type { CustomResourceDefinition } from '../api/crd.ts';

/** The value that can leave out a single CRD; the others come with `installCRDs`. */
const TOGGLES: Readonly<Record<string, string>> = {
  secretstores: 'createSecretStore',
  clustersecretstores: 'createClusterSecretStore',
  clusterexternalsecrets: 'createClusterExternalSecret',
  pushsecrets: 'createPushSecret',
  clusterpushsecrets: 'createClusterPushSecret',
  clustergenerators: 'createClusterGenerator',
};

/** Field selectors on own fields came with 1.30 behind a gate: older API servers drop or refuse the member. */
const SELECTABLE_SINCE = '>=1.31.0-0';

const HEADER = '{{- /* Made by `npm run generate` from src/api. Edits will be lost. */}}\n';

/** `<singular>.yaml` below `templates/crds`. */
export function crdTemplateName(crd: CustomResourceDefinition): string {
  return `${crd.spec.names.singular}.yaml`;
}

export function crdTemplate(crd: CustomResourceDefinition): string {
  const yaml = stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false });
  const body = withChoices(escaped(yaml));
  return `${HEADER}{{- if ${condition(crd.spec.names.plural)} }}\n${body}{{- end }}\n`;
}

function condition(plural: string): string {
  const toggle = TOGGLES[plural];
  return toggle === undefined ? '.Values.installCRDs' : `and .Values.installCRDs .Values.crds.${toggle}`;
}

/** Descriptions speak of templates; Helm must not take them for its own. */
function escaped(yaml: string): string {
  return yaml.replaceAll('{{', '{{ "{{" }}');
}

function withChoices(yaml: string): string {
  return yaml
    .replace(/^(  name: .*\n)(  labels:\n)/m, `$1${ANNOTATIONS}$2`)
    .replace(/^(    - name: v1beta1\n      served: )true$/m, '$1{{ .Values.crds.unsafeServeV1Beta1 }}')
    .replace(
      /^      selectableFields:\n(?:        .*\n)+/m,
      (fields) =>
        `      {{- if semverCompare "${SELECTABLE_SINCE}" .Capabilities.KubeVersion.Version }}\n${fields}      {{- end }}\n`,
    );
}

const ANNOTATIONS = `  {{- with include "external-secrets.crdAnnotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
`;
