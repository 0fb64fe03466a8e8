{{/* Names, labels, images and what every pod has in common. Each takes (dict "root" $ "name" …) where it needs a name. */}}

{{- define "aiops.secret" -}}
{{ .Values.secret.existing | default (printf "%s-secrets" .Release.Name) }}
{{- end }}

{{/* What selects pods: never changes in the life of a release. */}}
{{- define "aiops.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* `component` is what network policies go by: the part's own name, or `shop` for all of the shop. */}}
{{- define "aiops.podLabels" -}}
{{ include "aiops.selector" . }}
app.kubernetes.io/component: {{ .component | default .name }}
app.kubernetes.io/part-of: {{ .partOf | default "aiops" }}
{{- with .root.Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Not on pods: a new version of the chart alone is no reason to restart them. */}}
{{- define "aiops.labels" -}}
{{ include "aiops.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "aiops.metadata" -}}
name: {{ printf "%s-%s" .root.Release.Name (.suffix | default .name) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "aiops.labels" . | nindent 2 }}
{{- end }}

{{/* The project's own images. */}}
{{- define "aiops.ownImage" -}}
{{- $v := .root.Values.images -}}
{{ with $v.registry }}{{ . }}/{{ end }}{{ .image }}:{{ $v.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* Images of others. */}}
{{- define "aiops.image" -}}
{{ with .root.Values.images.mirror }}{{ . }}/{{ end }}{{ .image.repository }}:{{ .image.tag }}
{{- end }}

{{- define "aiops.resources" -}}
requests:
  cpu: {{ .cpu }}
  memory: {{ .memoryMi }}Mi
limits:
  memory: {{ .memoryMi }}Mi
{{- end }}

{{/* The garbage collector of Go works against this: five sixths of the limit. */}}
{{- define "aiops.goMemory" -}}
{{ div (mul (int .memoryMi) 5) 6 }}MiB
{{- end }}

{{/* The service account of the engine's pod: its own where it reads the cluster, or acts in it. */}}
{{- define "aiops.engineAccount" -}}
{{ ternary (printf "%s-engine" .Release.Name) .Release.Name (or .Values.engine.kubernetes.watch .Values.actions.kubernetes.enabled) }}
{{- end }}

{{/* What the engine may read in the cluster. */}}
{{- define "aiops.watchRules" -}}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods, events]
  verbs: [get, list, watch]
{{- end }}

{{/* What every pod has: no rights in the cluster, no other user than its own, none of the environment that Kubernetes
makes of Services (the engine refuses AIOPS_… that it does not know). */}}
{{- define "aiops.pod" -}}
serviceAccountName: {{ .account | default .root.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.scheduling.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.scheduling.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.scheduling.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "aiops.container" -}}
imagePullPolicy: {{ .Values.images.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Else a pod that never comes up stays when the release is rolled back: Kubernetes waits for it to be ready first. */}}
{{- define "aiops.management" -}}
podManagementPolicy: Parallel
{{- end }}

{{/* Replicas stand on different nodes and zones where that can be had. */}}
{{- define "aiops.spread" -}}
topologySpreadConstraints:
  {{- $selector := include "aiops.selector" . }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
  {{- end }}
{{- end }}

{{/* A probe over HTTP: (dict "path" … "port" name). */}}
{{- define "aiops.asks" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
timeoutSeconds: 3
{{- end }}

{{/* The volume `data`: a claim of the release's own, or memory of the pod. */}}
{{- define "aiops.data" -}}
- name: data
  {{- if .root.Values.storage.enabled }}
  persistentVolumeClaim:
    claimName: {{ printf "%s-%s" .root.Release.Name (.suffix | default .name) }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}

{{- define "aiops.claim" -}}
{{- if .root.Values.storage.enabled }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "aiops.metadata" . | nindent 2 }}
  {{- if .root.Values.storage.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .root.Values.storage.className }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .storage }}
{{- end }}
{{- end }}

{{/* A Service: (dict … "ports" (list (dict "name" "port" "target"))), `target` where it is not the port itself. */}}
{{- define "aiops.service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "aiops.metadata" . | nindent 2 }}
    {{- if .headless }}
    aiops/headless: "true"
    {{- end }}
spec:
  {{- if .headless }}
  clusterIP: None
  # Who is not ready is to be asked as well, or nobody would see that it is down.
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    {{- include "aiops.selector" . | nindent 4 }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
      {{- with .protocol }}
      appProtocol: {{ . }}
      {{- end }}
    {{- end }}
{{- end }}

{{- define "aiops.autoscaler" }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "aiops.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ printf "%s-%s" .root.Release.Name (.suffix | default .name) }}
  minReplicas: {{ .autoscaling.minReplicas }}
  maxReplicas: {{ .autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .autoscaling.cpuPercent }}
{{- end }}

{{/* One of several may be away while a node is emptied; one alone may be, too, or nodes could never be emptied. */}}
{{- define "aiops.budget" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "aiops.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "aiops.selector" . | nindent 6 }}
{{- end }}

{{/* Files of the chart as data of a ConfigMap: (dict "root" $ "files" (list path …)). */}}
{{- define "aiops.files" -}}
{{- range .files }}
{{ base . }}: |
  {{- $.root.Files.Get (printf "files/%s" .) | trimSuffix "\n" | nindent 2 }}
{{- end }}
{{- end }}
