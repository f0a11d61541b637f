{{- /*
One pod of the collector: a dict of
  root       the chart's root context
  component  sweep, service or migration
  args       of `collector`
  config     the name of the ConfigMap
  shards     how many parts the clusters are split into; left out or 0: none
  annotations  of the pod; may be left out
*/ -}}
{{- define "collector.pod" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $migrates := eq .component "migration" -}}
{{- $identity := ($values.config.auth | default dict).workload_identity | default dict -}}
{{- $token := ternary "" ($identity.token_file | default "") $migrates -}}
metadata:
  labels:
    {{- include "collector.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- with $values.pod.labels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- /* The migration comes before the account is there, and asks nobody but the database. */}}
  serviceAccountName: {{ ternary "default" (include "collector.name" $root) $migrates }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: {{ ternary "Always" "Never" (eq .component "service") }}
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: {type: RuntimeDefault}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . | quote }}
    {{- end }}
  {{- end }}
  containers:
    - name: collector
      image: {{ include "collector.image" $root | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{ toJson .args }}
      envFrom:
        - secretRef: {name: {{ $values.secrets.environment | quote }}}
        {{- if and $migrates $values.migration.environment }}
        - secretRef: {name: {{ $values.migration.environment | quote }}}
        {{- end }}
      {{- if .shards }}
      env:
        # Kubernetes itself gives JOB_COMPLETION_INDEX.
        - {name: JOB_COMPLETIONS, value: {{ .shards | quote }}}
      {{- end }}
      {{- if eq .component "service" }}
      ports:
        - {name: http, containerPort: 8080}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        timeoutSeconds: 3
      readinessProbe:
        # It writes to the database, and answers 503 itself if that takes too long.
        httpGet: {path: /readyz, port: http}
        timeoutSeconds: 10
      {{- end }}
      resources: {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: config, mountPath: /etc/collector, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if $values.secrets.files }}
        - {name: secrets, mountPath: /run/secrets/collector, readOnly: true}
        {{- end }}
        {{- if $token }}
        - {name: token, mountPath: {{ dir $token | quote }}, readOnly: true}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ .config }}}
    - name: tmp
      emptyDir: {sizeLimit: {{ $values.pod.spoolSize }}}
    {{- with $values.secrets.files }}
    - name: secrets
      secret: {secretName: {{ . | quote }}, defaultMode: 0440}
    {{- end }}
    {{- if $token }}
    - name: token
      projected:
        sources:
          - serviceAccountToken:
              path: {{ base $token | quote }}
              expirationSeconds: {{ $values.workloadIdentity.expirationSeconds }}
              {{- with $values.workloadIdentity.audience }}
              audience: {{ . | quote }}
              {{- end }}
    {{- end }}
  {{- if eq .component "service" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "collector.selector" $root | nindent 10 }}
          app.kubernetes.io/component: service
  {{- end }}
  {{- with $values.pod.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $values.pod.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
