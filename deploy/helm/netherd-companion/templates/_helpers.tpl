{{- define "netherd.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "netherd.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "netherd.labels" -}}
{{ include "netherd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- /* Name of the Secret with the signing key; empty without one. */ -}}
{{- define "netherd.signingSecret" -}}
{{- if and .Values.signingKey.existingSecret .Values.signingKey.pem -}}
{{- fail "give signingKey.existingSecret or signingKey.pem, not both" -}}
{{- end -}}
{{- if .Values.signingKey.existingSecret -}}
{{- .Values.signingKey.existingSecret -}}
{{- else if .Values.signingKey.pem -}}
{{- printf "%s-signing-key" (include "netherd.name" .) -}}
{{- end -}}
{{- end -}}

{{- define "netherd.address" -}}
{{- required "network.address is missing: the companion's IPv4 address on the nodes' network, such as 10.20.0.1" .Values.network.address -}}
{{- end -}}

{{- define "netherd.health" -}}
httpGet:
  host: {{ include "netherd.address" . | quote }}
  path: /health
  port: {{ .Values.http.port }}
{{- end -}}
