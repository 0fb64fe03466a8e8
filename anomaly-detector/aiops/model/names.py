"""Every telemetry name that the engine reads or writes, defined once.

Sources: OpenTelemetry semantic conventions 1.4x (HTTP, RPC, resource, exceptions), old HTTP/RPC names included.
"""

from typing import Final

SELF: Final = "aiops"
"""The engine's own service name."""

# Labels of the engine's own series.
NAME: Final = "__name__"
SERVICE: Final = "service"
ROUTE: Final = "route"
METHOD: Final = "method"
CALLER: Final = "caller"
METRIC: Final = "metric"
CALLEE: Final = "callee"
CONNECTION: Final = "connection_type"
LE: Final = "le"
STATUS_CODE: Final = "http_status"

OTHER: Final = "other"
"""The name under which everything beyond a limit of names is counted."""
OVERFLOW: Final = "otel.metric.overflow"
"""The attribute by which SDKs mark the series that sums up everything beyond a limit."""

# Structured signals that a MetricSource answers (see ports.MetricSource).
REQUESTS: Final = "requests"
ERRORS: Final = "errors"
DURATION: Final = "duration_seconds"
BUCKET: Final = "duration_bucket"
TELEMETRY: Final = "telemetry"
LOST: Final = "lost_side"
SIGNALS: Final = (REQUESTS, ERRORS, DURATION, BUCKET, TELEMETRY)

# Upper bounds in seconds of the buckets that spans are counted into: those the HTTP convention advises.
DURATION_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

# Metrics that describe requests served: name -> seconds per unit.
SERVER_DURATION_METRICS: Final = {
    "http.server.request.duration": 1.0,
    "http.server.duration": 0.001,
    "rpc.server.call.duration": 1.0,
    "rpc.server.duration": 0.001,
}

# Resource attributes.
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
SERVICE_INSTANCE: Final = "service.instance.id"
LOCATIONS: Final = ("host.name", "host.id", "k8s.node.name", "cloud.availability_zone")
"""Attributes of what several services may run on, the smallest unit first."""

# Span and metric attributes; where a convention was renamed, the current name stands first.
SAMPLING_THRESHOLD: Final = "otel.tracestate.th"
"""The engine's own name for `th` in a span's trace state: how rarely its sampler keeps a trace."""
HTTP_ROUTE: Final = "http.route"
HTTP_TARGET: Final = "http.target"
HTTP_METHOD: Final = ("http.request.method", "http.method")
HTTP_STATUS: Final = ("http.response.status_code", "http.status_code")
HTTP_CONTENT_TYPE: Final = ("http.response.header.content-type", "http.response.header.content_type")
HTTP_UPGRADE: Final = ("http.request.header.upgrade", "http.response.header.upgrade")
URL: Final = ("url.full", "http.url")
URL_SCHEME: Final = ("url.scheme", "http.scheme")
PROTOCOL: Final = ("network.protocol.name", "net.protocol.name", "net.app.protocol.name")
RPC_SYSTEM: Final = ("rpc.system.name", "rpc.system")
URL_PATH: Final = "url.path"
RPC_SERVICE: Final = "rpc.service"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS: Final = (
    "rpc.response.status_code",
    "rpc.status_code",
    "rpc.grpc.status_code",
    "rpc.connect_rpc.error_code",
    "rpc.jsonrpc.error_code",
)
ERROR_TYPE: Final = "error.type"
PEER_SERVICE: Final = ("service.peer.name", "peer.service")
SERVER_ADDRESS: Final = ("server.address", "net.peer.name")
SERVER_PORT: Final = ("server.port", "net.peer.port")
NETWORK_ADDRESS: Final = ("network.peer.address", "net.peer.ip", "net.sock.peer.addr")
NETWORK_PORT: Final = ("network.peer.port", "net.sock.peer.port", "net.peer.port")
DB_SYSTEM: Final = ("db.system.name", "db.system")
DB_NAMESPACE: Final = ("db.namespace", "db.name")
DB_STATUS: Final = "db.response.status_code"
FAAS_INVOKED: Final = "faas.invoked_name"
DESTINATION: Final = ("messaging.destination.name", "messaging.destination")
MESSAGE_TYPE: Final = ("rpc.message.type", "message.type")
MESSAGE_ID: Final = ("rpc.message.id", "message.id")
MESSAGE_EVENTS: Final = ("rpc.message", "message")
DB_QUERY_SUMMARY: Final = "db.query.summary"
DB_OPERATION: Final = ("db.operation.name", "db.operation")
DB_COLLECTION: Final = ("db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table")
EXCEPTION_EVENT: Final = "exception"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

# Alerts: those that the engine sends to an Alertmanager, and the labels by which other alerts name a service.
INCIDENT_ALERT: Final = "AiopsIncident"
IMPACT_ALERT: Final = "IncidentImpact"
ALERT_NAME: Final = "alertname"
ALERT_SOURCE: Final = "source"
OWN_SOURCE: Final = "aiops"
ALERT_INCIDENT: Final = "incident"
ALERT_SEVERITY: Final = "severity"
ALERT_KIND: Final = "kind"
ALERT_SERVICES: Final = ("service", "service_name")
ALERT_JOB: Final = "job"

# Alerts of objectives, by urgency.
BURN_ALERTS: Final = {"page": "SloBurnsFast", "ticket": "SloBurnsSlowly"}
SLO_NO_DATA: Final = "SloWithoutData"

# Objectives as the engine exposes them on /metrics.
SLO_BUDGET_LEFT: Final = "aiops_slo_budget_left_ratio"
SLO_EXHAUSTED_IN: Final = "aiops_slo_exhausted_in_seconds"
SLO_PROJECTED_LEFT: Final = "aiops_slo_projected_left_ratio"
SLO_BAD_EVENTS: Final = "aiops_slo_bad_events"
SLO_EVENTS: Final = "aiops_slo_events"
SLO_COVERAGE: Final = "aiops_slo_coverage_ratio"
SLO_BURN_RATE: Final = "aiops_slo_burn_rate"
SLO_LABELS: Final = ("slo", "slo_group", "service_name")

# Incidents, changes and the engine itself, as the engine exposes them on /metrics.
ENGINE_INFO: Final = "aiops_engine_info"
CYCLE_INTERVAL: Final = "aiops_cycle_interval_seconds"
CYCLE_TIME: Final = "aiops_cycle_timestamp_seconds"
CYCLE_FAILURES: Final = "aiops_cycle_failures_total"
WATERMARK_TIME: Final = "aiops_watermark_timestamp_seconds"
INCIDENT_INFO: Final = "aiops_incident_info"
INCIDENT_TIME: Final = "aiops_incident_timestamp_seconds"
INCIDENT_ALERTS: Final = "aiops_incident_alerts"
CHANGE_TIME: Final = "aiops_change_timestamp_seconds"

# Alerts that Grafana evaluates; titles of its rules begin with them.
SLO_BUDGET_LOW: Final = "SloBudgetLow"
SLO_BUDGET_SPENT: Final = "SloBudgetSpent"
SLO_BUDGET_RUNS_OUT: Final = "SloBudgetRunsOut"
SLO_BUDGET_WILL_NOT_LAST: Final = "SloBudgetWillNotLast"
DATASOURCE_FAILING: Final = "GrafanaDatasourceFailing"
NOTIFICATIONS_FAILING: Final = "GrafanaNotificationsFailing"

# Grafana: datasources, and dashboards with their panels, by uid and id.
DATASOURCE_PROMETHEUS: Final = "prometheus"
DATASOURCE_TEMPO: Final = "tempo"
DASHBOARD_OVERVIEW: Final = "aiops-overview"
DASHBOARD_SERVICE: Final = "aiops-service"
DASHBOARD_TRACING: Final = "aiops-tracing"
DASHBOARD_ANOMALIES: Final = "aiops-anomalies"
DASHBOARD_INCIDENTS: Final = "aiops-incidents"
DASHBOARD_PLATFORM: Final = "aiops-platform"
DASHBOARD_SLO: Final = "aiops-slo"
PANEL_BUDGET: Final = 1
PANEL_EXHAUSTION: Final = 2
PANEL_BURN: Final = 3
