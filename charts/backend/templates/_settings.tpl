{{/*
The backend's settings as a YAML map of environment variable to text. The ConfigMap holds it; the migration, which runs
before there is a ConfigMap, carries it in its own environment. A value that is absent or empty sets no variable: the
backend's default holds.
*/}}
{{- define "backend.settings" -}}
{{- $config := .Values.config | default dict -}}
{{- $retention := $config.retention | default dict -}}
{{- $database := .Values.database | default dict -}}
{{- $settings := dict
  "BACKEND_ENVIRONMENT" $config.environment
  "BACKEND_LOG_LEVEL" $config.logLevel
  "BACKEND_OTLP_ENDPOINT" $config.otlpEndpoint
  "BACKEND_TRACE_SAMPLE_RATIO" $config.traceSampleRatio
  "BACKEND_MAX_BODY_BYTES" $config.maxBodyBytes
  "BACKEND_CONTESTED_HOURS" $config.contestedHours
  "BACKEND_RETENTION_DELIVERY_DAYS" $retention.deliveryDays
  "BACKEND_RETENTION_EPISODE_DAYS" $retention.episodeDays
  "BACKEND_RETENTION_RESOLVED_DAYS" $retention.resolvedDays
  "BACKEND_DATABASE_HOST" $database.host
  "BACKEND_DATABASE_PORT" $database.port
  "BACKEND_DATABASE_NAME" $database.name
  "BACKEND_DATABASE_USER" $database.user
  "BACKEND_DATABASE_SSLMODE" $database.sslMode
  "BACKEND_DATABASE_POOL_SIZE" $database.poolSize
  "BACKEND_DATABASE_CONNECT_TIMEOUT_SECONDS" $database.connectTimeoutSeconds
  "BACKEND_DATABASE_STATEMENT_TIMEOUT_SECONDS" $database.statementTimeoutSeconds
  "BACKEND_SHUTDOWN_GRACE_SECONDS" (include "backend.gracefulSeconds" . | int)
  "BACKEND_WORKER_HOST" "0.0.0.0"
  "BACKEND_WORKER_PORT" (include "backend.workerPort" . | int)
-}}
{{- range $name, $value := $settings }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
{{ $name }}: {{ include "backend.text" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* A value as text. Helm reads every number as a float and would write 33554432 as 3.3554432e+07. */}}
{{- define "backend.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* The ports are part of the chart's contract (the target group and the security groups name them): no values. */}}
{{- define "backend.apiPort" -}}8000{{- end }}
{{- define "backend.workerPort" -}}8001{{- end }}
{{- define "backend.exporterPort" -}}9187{{- end }}

{{/*
What the flags of exporter-deployment.yaml, files/rules and tests/contract/metric_lists were made for. Here and not a
default value: `pulumi up` upgrades without new defaults, and a new chart version is to bring its exporter along.
*/}}
{{- define "backend.exporterVersion" -}}v0.20.1{{- end }}

{{/* How a pod ends: numbers that must agree between probes, server and pod. */}}
{{- define "backend.preStopSeconds" -}}
{{- (.Values.shutdown).preStopSeconds | default 15 | int -}}
{{- end }}
{{- define "backend.gracefulSeconds" -}}
{{- (.Values.shutdown).gracefulSeconds | default 20 | int -}}
{{- end }}
{{- define "backend.terminationGracePeriodSeconds" -}}
{{- (.Values.shutdown).terminationGracePeriodSeconds | default 45 | int -}}
{{- end }}
