{{- /* Names, labels and the configuration as it is stored. */ -}}

{{- define "collector.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains "collector" $name) -}}{{- $name = printf "%s-collector" $name -}}{{- end -}}
{{- /* A CronJob's name may have 52 characters, and `-migration` is added to it. */ -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "collector.selector" -}}
app.kubernetes.io/name: collector
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "collector.labels" -}}
{{ include "collector.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "collector.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- /* The values' configuration, with what follows from the rest of the values filled in. */ -}}
{{- define "collector.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.service.enabled -}}
{{-   $http := dict "listen" "0.0.0.0:8080" -}}
{{-   if .Values.service.unauthenticated -}}
{{-     $_ := set $http "unauthenticated" true -}}
{{-   else -}}
{{-     $_ := set $http "token" (dict "file" "/run/secrets/collector/http-token") -}}
{{-   end -}}
{{-   $_ := set $config "http" $http -}}
{{-   if and .Values.cronJob.enabled (not (hasKey $config "schedule")) -}}
{{-     $_ := set $config "schedule" nil -}}
{{-   end -}}
{{- end -}}
{{- if .Values.migration.enabled -}}
{{-   $_ := set $config "database" (merge (dict "auto_migrate" false) $config.database) -}}
{{- end -}}
{{- /* JSON is YAML, too: every text quoted, every number with all its digits. */ -}}
{{- $config | toPrettyJson -}}
{{- end -}}

{{- /* A duration of the configuration in whole seconds; nothing of one that only the pod knows, as `${NAME}`. */ -}}
{{- define "collector.seconds" -}}
{{- if regexMatch "^[0-9]+([.][0-9]+)?[smhd]$" . -}}
{{-   $unit := get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) (trimAll "0123456789." .) -}}
{{-   mulf (trimAll "smhd" . | float64) $unit | ceil | int64 -}}
{{- end -}}
{{- end -}}

{{- /* How long a CronJob's Job may take: longer than its sweep, which ends by itself and says what it did not reach. */ -}}
{{- define "collector.deadline" -}}
{{- $timeout := (.Values.config.api | default dict).sweep_timeout | default "1h" -}}
{{- $sweep := include "collector.seconds" $timeout -}}
{{- $given := .Values.cronJob.activeDeadlineSeconds -}}
{{- if kindIs "invalid" $given -}}
{{-   if not $sweep -}}
{{-     fail "cronJob.activeDeadlineSeconds: config.api.sweep_timeout is a variable; say how many seconds a Job may take" -}}
{{-   end -}}
{{-   add $sweep 300 -}}
{{- else if and $sweep (lt (int64 $given) (int64 $sweep)) -}}
{{-   fail (printf "cronJob.activeDeadlineSeconds: %d s is less than config.api.sweep_timeout, %s" (int64 $given) $timeout) -}}
{{- else -}}
{{-   int64 $given -}}
{{- end -}}
{{- end -}}

{{- define "collector.check" -}}
{{- if and .Values.service.enabled (not .Values.service.unauthenticated) (not .Values.secrets.files) -}}
{{-   fail "service: name a Secret with the key http-token in secrets.files, or set service.unauthenticated" -}}
{{- end -}}
{{- with .Values.networkPolicy -}}
{{-   if and .enabled (not .scrapers) $.Values.service.enabled $.Values.service.unauthenticated -}}
{{-     fail "service.unauthenticated: any pod could read everything; name who may in networkPolicy.scrapers" -}}
{{-   end -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled (not .Values.service.enabled) -}}
{{-   fail "monitoring.podMonitor: only the service has metrics to scrape; set service.enabled" -}}
{{- end -}}
{{- if and .Values.monitoring.rules.enabled (not .Values.service.enabled) (not (.Values.config.metrics | default dict).pushgateway) -}}
{{-   fail "monitoring.rules: nothing would be told to them; set service.enabled or config.metrics.pushgateway" -}}
{{- end -}}
{{- with .Values.externalSecret -}}
{{-   if and .enabled (not .store.name) -}}{{- fail "externalSecret: name the store in externalSecret.store.name" -}}{{- end -}}
{{-   if and .enabled (not .environment) (not .files) -}}
{{-     fail "externalSecret: name the keys in externalSecret.environment or externalSecret.files" -}}
{{-   end -}}
{{-   if and .enabled .files (not $.Values.secrets.files) -}}
{{-     fail "externalSecret.files: name the Secret that is to be made in secrets.files" -}}
{{-   end -}}
{{- end -}}
{{- end -}}
