{{/* The parts that the pods of API, worker, migration and test share. */}}

{{/*
How every pod runs: Pod Security "restricted", no API token, and no service links: a Service called `backend` would put
BACKEND_PORT and the like into every pod's environment, which the backend rightly refuses as unknown settings.
*/}}
{{- define "backend.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  # Makes the mounted secrets readable only for the group of the process.
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Tolerations of the pods that run forever. Kubernetes gives a silent node's pods 300 s before it replaces them; with the
55 s in which the control plane notices, 10 s and a start the replacement is ready in under 90 s.
*/}}
{{- define "backend.tolerations" -}}
tolerations:
  {{- range list "not-ready" "unreachable" }}
  - key: node.kubernetes.io/{{ . }}
    operator: Exists
    effect: NoExecute
    tolerationSeconds: {{ $.Values.nodeLossTolerationSeconds | default 10 | int }}
  {{- end }}
  {{- with .Values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The security context of every container: no privileges, read-only file system. */}}
{{- define "backend.containerBasics" -}}
image: {{ include "backend.image" . | quote }}
imagePullPolicy: {{ (.Values.image).pullPolicy | default "IfNotPresent" }}
{{ include "backend.containerSecurity" . }}
{{- end }}

{{- define "backend.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Files from auth.existingSecret: the name of the file, also its directory's, and its key in the Secret. Empty: none. */}}
{{- define "backend.authKeys" -}}
{{- $auth := .Values.auth | default dict -}}
admin-token: {{ $auth.adminTokenKey | default "admin-token" | quote }}
ingest-token: {{ $auth.ingestTokenKey | default "" | quote }}
discovery-token: {{ $auth.discoveryTokenKey | default "" | quote }}
session-key: {{ $auth.sessionKeyKey | default "session-key" | quote }}
{{- end }}

{{/* The mounts of a container's secrets: (dict "secrets" (list "database" "session-key")) */}}
{{- define "backend.secretEnv" -}}
{{- range .secrets }}
{{- if eq . "database" }}
- name: BACKEND_DATABASE_PASSWORD_FILE
  value: /etc/backend/database/password
{{- else }}
- name: BACKEND_{{ . | replace "-" "_" | upper }}_FILE
  value: /etc/backend/{{ . }}/{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Directories, never subPath: only a mounted directory follows a Secret that rotates. */}}
{{- define "backend.volumeMounts" -}}
{{- range .secrets }}
- name: {{ . }}
  mountPath: /etc/backend/{{ . }}
  readOnly: true
{{- end }}
- name: tmp
  mountPath: /tmp
{{- end }}

{{/* The volumes of those mounts: each container gets the secrets that it needs and no other. */}}
{{- define "backend.volumes" -}}
{{- $database := .root.Values.database | default dict -}}
{{- $auth := .root.Values.auth | default dict -}}
{{- $keys := include "backend.authKeys" .root | fromYaml -}}
{{- range .secrets }}
- name: {{ . }}
  secret:
    {{- if eq . "database" }}
    secretName: {{ $database.existingSecret }}
    items: [{key: {{ $database.passwordKey | default "password" | quote }}, path: password}]
    {{- else }}
    secretName: {{ $auth.existingSecret }}
    items: [{key: {{ index $keys . | quote }}, path: {{ . }}}]
    {{- end }}
    # Octal: owner and group may read.
    defaultMode: 0440
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- end }}

{{/* Annotations of a pod that reads the ConfigMap: list . ; a changed setting restarts it, a new chart version does not. */}}
{{- define "backend.podAnnotations" -}}
checksum/config: {{ include "backend.settings" . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
