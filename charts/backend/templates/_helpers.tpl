{{/* Names and label sets. A key may be absent: `pulumi up` upgrades with the values of the previous chart version. */}}

{{/* Name of the API's objects; 52 characters leave room for the longest suffix. */}}
{{- define "backend.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{/* Name of a component's objects: list . "worker" */}}
{{- define "backend.componentName" -}}
{{- printf "%s-%s" (include "backend.fullname" (first .)) (last .) -}}
{{- end }}

{{/* Labels that say "of this release". Immutable in selectors, so nothing that changes. */}}
{{- define "backend.instanceLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels that select one component's pods: list . "api" */}}
{{- define "backend.selectorLabels" -}}
{{ include "backend.instanceLabels" (first .) }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{/* Labels of an object: list . "api" */}}
{{- define "backend.labels" -}}
{{- $root := first . -}}
{{ include "backend.selectorLabels" . }}
app.kubernetes.io/part-of: observability-platform
app.kubernetes.io/version: {{ include "backend.tag" $root | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Labels of a pod: no version and no chart, so that a new chart version alone restarts nothing. list . "api" */}}
{{- define "backend.podLabels" -}}
{{ include "backend.selectorLabels" . }}
{{- with (first .).Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "backend.tag" -}}
{{- (.Values.image).tag | default .Chart.AppVersion -}}
{{- end }}

{{/* Reference of the image; a digest wins over the tag. */}}
{{- define "backend.image" -}}
{{- with (.Values.image).digest -}}
{{- printf "%s@%s" $.Values.image.repository . -}}
{{- else -}}
{{- printf "%s:%s" (.Values.image).repository (include "backend.tag" .) -}}
{{- end -}}
{{- end }}

{{- define "backend.serviceAccountName" -}}
{{- if (.Values.serviceAccount).create -}}
{{- .Values.serviceAccount.name | default (include "backend.fullname" .) -}}
{{- else -}}
{{- (.Values.serviceAccount).name | default "default" -}}
{{- end -}}
{{- end }}

{{/* The minimum number of API pods, which the disruption budget depends on. */}}
{{- define "backend.replicas" -}}
{{- if (.Values.autoscaling).enabled -}}
{{- .Values.autoscaling.minReplicas | default 2 | int -}}
{{- else -}}
{{- .Values.replicaCount | default 2 | int -}}
{{- end -}}
{{- end }}
