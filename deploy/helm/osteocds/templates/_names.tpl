{{- define "osteocds.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What values say together, and no schema can compare. */}}
{{- define "osteocds.refuse" -}}
{{- if lt (int .Values.terminationGracePeriodSeconds) (add 10 .Values.preStopSeconds | int) }}
{{- fail "terminationGracePeriodSeconds: preStopSeconds and the ten seconds in which requests are answered must have room in it" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) }}
{{- fail "autoscaling.maxReplicas is less than autoscaling.minReplicas" }}
{{- end }}
{{- end }}

{{- define "osteocds.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "osteocds.labels" -}}
{{ include "osteocds.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "osteocds.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* What a pod of ours may do: nothing but compute, talk, and write into /tmp. */}}
{{- define "osteocds.pod" -}}
automountServiceAccountToken: false
# A Service of the name osteocds would bring variables OSTEOCDS_..., which the service takes for misspelt settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "osteocds.container" -}}
image: {{ include "osteocds.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "osteocds.database" -}}
- name: OSTEOCDS_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.postgresql.secret | quote }}, key: {{ .Values.postgresql.key | quote }}}
{{- end }}

{{- define "osteocds.to-names" -}}
- to: {{- toYaml .Values.dns.to | nindent 4 }}
  ports:
    - {protocol: UDP, port: {{ .Values.dns.port }}}
    - {protocol: TCP, port: {{ .Values.dns.port }}}
{{- end }}

{{- define "osteocds.file-mounts" -}}
{{- range .Values.files }}
- {name: file-{{ .name }}, mountPath: /etc/osteocds/files/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "osteocds.file-volumes" -}}
{{- range .Values.files }}
- name: file-{{ .name }}
  {{- if .secret }}
  secret: {secretName: {{ .secret | quote }}, defaultMode: 0440}
  {{- else }}
  configMap: {name: {{ .configMap | quote }}}
  {{- end }}
{{- end }}
{{- end }}

{{- define "osteocds.to-database" -}}
- to: {{- toYaml .Values.postgresql.to | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.postgresql.port }}}
{{- end }}
