{{/*
Names, labels and the pieces that several templates share. Templates that are about a component take a dict:
  root       the chart's context
  component  "" (controller), "webhook" or "cert-controller"
  values     the component's values, where they are needed
*/}}

{{- define "external-secrets.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "external-secrets.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A text cut so that it and the suffix fit 63 characters. Takes a dict: text, suffix. */}}
{{- define "external-secrets.fitted" -}}
{{- $room := sub 63 (len .suffix) | int -}}
{{- if le $room 0 -}}
{{- fail (printf "the suffix %q leaves no room for a name: names have 63 characters" .suffix) -}}
{{- end -}}
{{- printf "%s%s" (.text | trunc $room | trimSuffix "-") .suffix -}}
{{- end -}}

{{/* The full name with a suffix, for Services and whatever must equal a Service's name. Takes a dict: root, suffix. */}}
{{- define "external-secrets.serviceName" -}}
{{- include "external-secrets.fitted" (dict "text" (include "external-secrets.fullname" .root) "suffix" .suffix) -}}
{{- end -}}

{{- define "external-secrets.webhookService" -}}
{{- include "external-secrets.serviceName" (dict "root" . "suffix" "-webhook") -}}
{{- end -}}

{{- define "external-secrets.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* The one namespace the controller looks at; empty: the whole cluster. */}}
{{- define "external-secrets.scope" -}}
{{- if or .Values.scopedNamespace .Values.scopedRBAC -}}
{{- default .Release.Namespace .Values.scopedNamespace -}}
{{- end -}}
{{- end -}}

{{- define "external-secrets.serviceAccountName" -}}
{{- $account := .values.serviceAccount -}}
{{- $made := include "external-secrets.fullname" .root -}}
{{- if .component -}}
{{- $made = printf "external-secrets-%s" .component -}}
{{- end -}}
{{- default (ternary $made "default" $account.create) $account.name -}}
{{- end -}}

{{- define "external-secrets.selectorLabels" -}}
{{- $suffix := ternary (printf "-%s" .component) "" (ne .component "") -}}
{{- $name := include "external-secrets.fitted" (dict "text" (include "external-secrets.name" .root) "suffix" $suffix) -}}
app.kubernetes.io/name: {{ $name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}

{{- define "external-secrets.labels" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $labels := include "external-secrets.selectorLabels" . | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" $chart -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- if and .component (include "external-secrets.monitored" .root) -}}
{{- $_ := set $labels "app.kubernetes.io/metrics" .component -}}
{{- end -}}
{{- toYaml (merge $labels (default dict .root.Values.commonLabels)) -}}
{{- end -}}

{{- define "external-secrets.podLabels" -}}
{{- $labels := include "external-secrets.selectorLabels" . | fromYaml -}}
{{- $extra := default .root.Values.global.podLabels .values.podLabels -}}
{{- toYaml (merge $labels (default dict $extra) (include "external-secrets.labels" . | fromYaml)) -}}
{{- end -}}

{{/* Whether objects of a kind of the Prometheus operator are wanted and the cluster knows it. Takes a dict: root, values, kind. */}}
{{- define "external-secrets.rendersMonitoring" -}}
{{- if .values.enabled -}}
{{- if or (eq .values.renderMode "alwaysRender") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind)) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" when ServiceMonitors are rendered. */}}
{{- define "external-secrets.monitored" -}}
{{- include "external-secrets.rendersMonitoring" (dict "root" . "values" .Values.serviceMonitor "kind" "ServiceMonitor") -}}
{{- end -}}

{{/* "true" when the cert-controller is deployed: without a webhook it has nothing to do and would never be ready. */}}
{{- define "external-secrets.certController" -}}
{{- if and .Values.certController.create .Values.webhook.create (not .Values.webhook.certManager.enabled) -}}
true
{{- end -}}
{{- end -}}

{{/* "true" when the controller elects a leader. */}}
{{- define "external-secrets.electsLeader" -}}
{{- if or .Values.leaderElect (gt (int .Values.replicaCount) 1) -}}
true
{{- end -}}
{{- end -}}

{{- define "external-secrets.image" -}}
{{- $repository := default .values.image.repository .root.Values.global.repository -}}
{{- $tag := default .root.Chart.AppVersion .values.image.tag -}}
{{- $flavour := ternary (printf "-%s" .values.image.flavour) "" (ne (default "" .values.image.flavour) "") -}}
{{- printf "%s:%s%s" $repository $tag $flavour -}}
{{- end -}}

{{/*
The strategy of the controller: never two at work at once, unless they elect a leader.

What the API server fills in for RollingUpdate belongs to nobody, so Helm 4 (server-side apply) cannot remove it, and Recreate is
refused while it is there. Then one upgrade sets these fields, which makes them Helm's own, and the next one can drop them. Already the
first starts no new Pod before the old one was told to go. Helm 3 removes them by the null.
*/}}
{{- define "external-secrets.controllerStrategy" -}}
{{- if .Values.strategy -}}
{{- toYaml .Values.strategy -}}
{{- else if and (eq (int .Values.replicaCount) 1) (not (include "external-secrets.electsLeader" .)) -}}
{{- $live := lookup "apps/v1" "Deployment" (include "external-secrets.namespace" .) (include "external-secrets.fullname" .) -}}
{{- $surge := dig "spec" "strategy" "rollingUpdate" "maxSurge" "" $live | toString -}}
{{- if and (semverCompare ">=4.0.0-0" .Capabilities.HelmVersion.Version) (not (has $surge (list "" "0"))) -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 0
  maxUnavailable: 1
{{- else -}}
type: Recreate
rollingUpdate: null
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A number as people write it, anything else as it is: Helm reads 1000000 as 1e+06. */}}
{{- define "external-secrets.plain" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* Flags of a map, in the order of their names. */}}
{{- define "external-secrets.extraArgs" -}}
{{- range $name := keys (default dict .) | sortAlpha }}
{{- $value := get $ $name }}
{{- if or (kindIs "invalid" $value) (and (kindIs "string" $value) (eq $value "")) }}
- --{{ $name }}
{{- else }}
- {{ printf "--%s=%s" $name (include "external-secrets.plain" $value) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Flags of secure metrics. Takes metrics.listen. */}}
{{- define "external-secrets.secureMetricsArgs" -}}
{{- if .secure.enabled }}
- --metrics-secure=true
- --metrics-cert-dir={{ .secure.certDir }}
- --metrics-cert-name={{ .secure.certFile }}
- --metrics-key-name={{ .secure.keyFile }}
{{- end }}
{{- if .auth.enabled }}
- --metrics-auth=true
{{- end }}
{{- end -}}

{{/* A security context without the helper key, and on OpenShift without what the platform assigns. Takes a dict: root, context. */}}
{{- define "external-secrets.securityContext" -}}
{{- $context := default dict .context -}}
{{- if $context.enabled -}}
{{- $shown := omit $context "enabled" -}}
{{- $adapt := .root.Values.global.compatibility.openshift.adaptSecurityContext -}}
{{- if or (eq $adapt "force") (and (eq $adapt "auto") (.root.Capabilities.APIVersions.Has "security.openshift.io/v1")) -}}
{{- $shown = omit $shown "runAsUser" "runAsGroup" "fsGroup" -}}
{{- if not $shown.seLinuxOptions -}}
{{- $shown = omit $shown "seLinuxOptions" -}}
{{- end -}}
{{- end -}}
{{- if $shown -}}
{{- toYaml $shown -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Constraints; those without labelSelector get the labels of the Pod. */}}
{{- define "external-secrets.topologySpreadConstraints" -}}
{{- $selector := dict "matchLabels" (include "external-secrets.selectorLabels" . | fromYaml) -}}
{{- $constraints := list -}}
{{- range default .root.Values.global.topologySpreadConstraints .values.topologySpreadConstraints -}}
{{- $constraints = append $constraints (ternary . (merge (dict "labelSelector" $selector) .) (hasKey . "labelSelector")) -}}
{{- end -}}
{{- if $constraints -}}
{{- toYaml $constraints -}}
{{- end -}}
{{- end -}}

{{/* What stands before and after the containers in a Pod's spec. */}}
{{- define "external-secrets.podIdentity" -}}
{{- $global := .root.Values.global -}}
{{- with default $global.imagePullSecrets .values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
serviceAccountName: {{ include "external-secrets.serviceAccountName" . }}
automountServiceAccountToken: {{ .values.serviceAccount.automount }}
{{- with include "external-secrets.securityContext" (dict "root" .root "context" .values.podSecurityContext) }}
securityContext:
  {{- . | nindent 2 }}
{{- end }}
hostNetwork: {{ .values.hostNetwork }}
{{- if and (kindIs "bool" .values.hostUsers) (semverCompare ">=1.33.0-0" .root.Capabilities.KubeVersion.Version) }}
hostUsers: {{ .values.hostUsers }}
{{- end }}
{{- with .values.extraInitContainers }}
initContainers:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "external-secrets.podPlacement" -}}
{{- $global := .root.Values.global -}}
{{- with default $global.hostAliases .values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $global.nodeSelector .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $global.affinity .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $global.tolerations .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "external-secrets.topologySpreadConstraints" . }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with .values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Annotations of a Pod template. */}}
{{- define "external-secrets.podAnnotations" -}}
{{- with default .root.Values.global.podAnnotations .values.podAnnotations -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* Name, image and security context of a container. */}}
{{- define "external-secrets.container" -}}
image: {{ include "external-secrets.image" . | quote }}
imagePullPolicy: {{ .values.image.pullPolicy }}
{{- with include "external-secrets.securityContext" (dict "root" .root "context" .values.securityContext) }}
securityContext:
  {{- . | nindent 2 }}
{{- end }}
{{- with .values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Probes of the webhook and the cert-controller. Takes their values. */}}
{{- define "external-secrets.probes" -}}
{{- with .livenessProbe }}
{{- if .enabled }}
livenessProbe:
  httpGet:
    path: /healthz
    port: {{ include "external-secrets.plain" .port }}
  {{- omit . "enabled" "port" "address" | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- with .readinessProbe }}
{{- if .enabled }}
readinessProbe:
  httpGet:
    path: /readyz
    port: ready
  {{- omit . "enabled" "port" "address" | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- with .startupProbe }}
{{- if .enabled }}
startupProbe:
  httpGet:
    path: /readyz
    port: ready
  {{- omit . "enabled" "port" "address" | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Addresses of a Service. */}}
{{- define "external-secrets.ipFamilies" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Key and value for cert-manager's injection; empty without it. */}}
{{- define "external-secrets.injectionAnnotation" -}}
{{- if and .Values.webhook.create .Values.webhook.certManager.enabled .Values.webhook.certManager.addInjectorAnnotations -}}
cert-manager.io/inject-ca-from: {{ include "external-secrets.namespace" . }}/{{ include "external-secrets.fullname" . }}-webhook
{{- end -}}
{{- end -}}

{{/* Annotations of a CRD. */}}
{{- define "external-secrets.crdAnnotations" -}}
{{- $annotations := deepCopy (default dict .Values.crds.annotations) -}}
{{- if .Values.crds.conversion.enabled -}}
{{- $annotations = merge $annotations (include "external-secrets.injectionAnnotation" . | fromYaml) -}}
{{- end -}}
{{- with $annotations -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* Egress of a NetworkPolicy when none was given: what every component, or the backends of the controller, need. */}}
{{- define "external-secrets.egress" -}}
{{- if . -}}
{{- toYaml . -}}
{{- else -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
- ports:
    - port: 443
      protocol: TCP
    - port: 6443
      protocol: TCP
    - port: 8200
      protocol: TCP
{{- end -}}
{{- end -}}

{{/* The rule of a budget. Takes podDisruptionBudget. */}}
{{- define "external-secrets.budget" -}}
{{- if hasKey . "maxUnavailable" -}}
maxUnavailable: {{ include "external-secrets.plain" .maxUnavailable }}
{{- else -}}
minAvailable: {{ include "external-secrets.plain" .minAvailable }}
{{- end -}}
{{- end -}}

{{/* Rules for whoever asks the API server who may read its metrics. */}}
{{- define "external-secrets.reviewRules" -}}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end -}}
