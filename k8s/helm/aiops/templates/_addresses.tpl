{{/* Where everything is: this release's own, or what `external` names. */}}

{{- define "aiops.prometheusUrl" -}}
{{- if .Values.prometheus.enabled }}http://{{ .Release.Name }}-prometheus:9090
{{- else }}{{ required "external.prometheus.url is empty and prometheus.enabled is false: name the Prometheus that the engine reads, such as http://prometheus.monitoring:9090" .Values.external.prometheus.url }}{{ end }}
{{- end }}

{{- define "aiops.prometheusOtlpUrl" -}}
{{- if .Values.prometheus.enabled }}{{ include "aiops.prometheusUrl" . }}/api/v1/otlp
{{- else }}{{ required "external.prometheus.otlpUrl is empty and prometheus.enabled is false: name where the Collector sends metrics, such as http://prometheus.monitoring:9090/api/v1/otlp, or set collector.enabled to false" .Values.external.prometheus.otlpUrl }}{{ end }}
{{- end }}

{{- define "aiops.remoteWriteUrl" -}}
{{- if .Values.prometheus.enabled }}{{ include "aiops.prometheusUrl" . }}/api/v1/write
{{- else }}{{ required "external.prometheus.remoteWriteUrl is empty and prometheus.enabled is false: name where Tempo sends its metrics, such as http://prometheus.monitoring:9090/api/v1/write, or set tempo.enabled to false" .Values.external.prometheus.remoteWriteUrl }}{{ end }}
{{- end }}

{{- define "aiops.tempoUrl" -}}
{{- if .Values.tempo.enabled }}http://{{ .Release.Name }}-tempo:3200
{{- else }}{{ required "external.tempo.url is empty and tempo.enabled is false: name the Tempo that the engine reads, such as http://tempo.monitoring:3200" .Values.external.tempo.url }}{{ end }}
{{- end }}

{{- define "aiops.tempoOtlpEndpoint" -}}
{{- if .Values.tempo.enabled }}{{ .Release.Name }}-tempo:24317
{{- else }}{{ required "external.tempo.otlpEndpoint is empty and tempo.enabled is false: name where the Collector sends spans, such as tempo.monitoring:4317, or set collector.enabled to false" .Values.external.tempo.otlpEndpoint }}{{ end }}
{{- end }}

{{- define "aiops.alertmanagerUrl" -}}
{{- if .Values.alertmanager.enabled }}http://{{ .Release.Name }}-alertmanager:9093
{{- else }}{{ .Values.external.alertmanager.url }}{{ end }}
{{- end }}

{{- define "aiops.engineUrl" -}}
http://{{ .Release.Name }}-engine:8000
{{- end }}

{{- define "aiops.grafanaUrl" -}}
{{- if .Values.grafana.enabled }}{{ .Values.grafana.publicUrl }}{{ else }}{{ .Values.external.grafana.url }}{{ end }}
{{- end }}

{{/* Environment for a container: (dict NAME value …), what is empty left out. */}}
{{- define "aiops.environment" -}}
{{- range $name, $value := . }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}
