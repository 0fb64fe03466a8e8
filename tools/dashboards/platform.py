"""What watches, watched: Collector, stores, Alertmanager, Grafana, engine."""

from typing import Final

from aiops.model import names
from tools.dashboards.panels import (
    ANY_IS_BAD,
    BAD,
    GOOD,
    POOR,
    UP,
    Dashboard,
    Kind,
    Metrics,
    Panel,
    Row,
    Steps,
    When,
)

SHARE: Final[Steps] = ((None, GOOD), (0.5, POOR), (0.9, BAD))
FIRING: Final = 'ALERTS{team="platform", alertstate="firing"}'


def _lines(
    title: str, about: str, *asked: Metrics, unit: str = "short", width: int = 8, steps: Steps = ((None, GOOD),)
) -> Panel:
    return Panel(title=title, about=about, kind=Kind.LINES, queries=asked, unit=unit, width=width, steps=steps)


def _rate(metric: str, by: str, legend: str, when: When = When.ALWAYS) -> Metrics:
    return Metrics(f"sum by ({by}) (rate({metric}[5m]))", legend, when=when)


STATE: Final = Row(
    "State",
    (
        Panel(
            title="Components",
            about="Whether each part answers Prometheus: 1 yes, 0 no.",
            kind=Kind.STATES,
            queries=(Metrics("min by (job) (up)", "{{job}}"),),
            steps=UP,
            words={"0": ("down", BAD), "1": ("up", GOOD)},
        ),
        Panel(
            title="Alerts about the platform",
            about="What fires, by component; docs/runbooks says what to do about each.",
            kind=Kind.STATES,
            queries=(Metrics(f"max by (alertname, job) ({FIRING})", "{{alertname}} {{job}}", when=When.RARE),),
            steps=ANY_IS_BAD,
            words={"1": ("fires", BAD)},
        ),
    ),
)
COLLECTOR: Final = Row(
    "Collector",
    (
        _lines(
            "Telemetry in and out",
            "Spans and points a second that arrive and that are sent on.",
            _rate("otelcol_receiver_accepted_spans_total", "transport", "spans in ({{transport}})"),
            _rate("otelcol_receiver_accepted_metric_points_total", "transport", "points in ({{transport}})"),
            _rate("otelcol_exporter_sent_spans_total", "exporter", "spans to {{exporter}}"),
            _rate("otelcol_exporter_sent_metric_points_total", "exporter", "points to {{exporter}}"),
            unit="ops",
        ),
        _lines(
            "Queues",
            "How full the queue to each store is: it fills while the store is away.",
            Metrics(
                "max by (exporter, data_type) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)",
                "{{data_type}} to {{exporter}}",
            ),
            unit="percentunit",
            steps=SHARE,
        ),
        _lines(
            "Refused and lost",
            "A second that are turned away (senders retry), and in five minutes that are lost for good.",
            _rate("otelcol_receiver_refused_spans_total", "transport", "spans refused ({{transport}})"),
            _rate("otelcol_receiver_refused_metric_points_total", "transport", "points refused ({{transport}})"),
            Metrics(
                "sum by (exporter, signal, reason) (collector:lost_items:increase5m)",
                "{{signal}} to {{exporter}} lost: {{reason}}",
                when=When.RARE,
            ),
            steps=ANY_IS_BAD,
        ),
    ),
)
PROMETHEUS: Final = Row(
    "Prometheus",
    (
        _lines(
            "Series and samples",
            "Series in memory, and samples a second that are stored.",
            Metrics('sum(prometheus_tsdb_head_series{job="prometheus"})', "series"),
            Metrics('sum(rate(prometheus_tsdb_head_samples_appended_total{job="prometheus"}[5m]))', "samples a second"),
            width=6,
        ),
        _lines(
            "Rules",
            "How long each group of rules takes to evaluate.",
            Metrics("topk(10, max by (rule_group) (prometheus_rule_group_last_duration_seconds))", "{{rule_group}}"),
            unit="s",
            width=6,
        ),
        _lines(
            "Failures",
            "Evaluations that fail, alerts that do not reach Alertmanager, samples too late, in five minutes.",
            Metrics("sum(increase(prometheus_rule_evaluation_failures_total[5m]))", "rules"),
            Metrics("sum(increase(prometheus_notifications_dropped_total[5m]))", "alerts dropped"),
            Metrics("sum(increase(prometheus_notifications_errors_total[5m]))", "alerts refused"),
            Metrics('sum(increase(prometheus_tsdb_too_old_samples_total{job="prometheus"}[5m]))', "samples too old"),
            steps=ANY_IS_BAD,
            width=6,
        ),
        _lines(
            "Storage",
            "On disk: blocks, and the log of what is not yet in one.",
            Metrics('sum(prometheus_tsdb_storage_blocks_bytes{job="prometheus"})', "blocks"),
            Metrics('sum(prometheus_tsdb_wal_storage_size_bytes{job="prometheus"})', "log"),
            unit="bytes",
            width=6,
        ),
    ),
)
TEMPO: Final = Row(
    "Tempo",
    (
        _lines(
            "Spans",
            "Spans a second that arrive, and that its generator counts or drops.",
            Metrics("sum(rate(tempo_distributor_spans_received_total[5m]))", "received", when=When.TEMPO),
            Metrics("sum(rate(tempo_metrics_generator_spans_received_total[5m]))", "counted", when=When.TEMPO),
            Metrics(
                "sum by (reason) (rate(tempo_metrics_generator_spans_discarded_total[5m]))",
                "dropped: {{reason}}",
                when=When.TEMPO,
            ),
            unit="ops",
        ),
        _lines(
            "Requests, 95th percentile",
            "Time that Tempo takes to answer, by route.",
            Metrics(
                "histogram_quantile(0.95, sum by (le, route) (rate(tempo_request_duration_seconds_bucket[5m])))",
                "{{route}}",
                when=When.TEMPO,
            ),
            unit="s",
        ),
        _lines(
            "Generator",
            "Series that its generator keeps for Prometheus, and traces that are not yet complete.",
            Metrics("sum(tempo_metrics_generator_registry_active_series)", "series", when=When.TEMPO),
            Metrics("sum(tempo_live_store_live_traces)", "live traces", when=When.TEMPO),
        ),
    ),
)
ALERTING: Final = Row(
    "Alertmanager and Grafana",
    (
        _lines(
            "Alerts",
            "Alerts that Alertmanager holds: active, or held back by others.",
            Metrics("sum by (state) (alertmanager_alerts)", "{{state}}"),
            width=6,
        ),
        _lines(
            "Notifications",
            "Messages in five minutes, and attempts that failed, by how they go.",
            Metrics(
                "sum by (integration) (increase(alertmanager_notifications_total[5m])) > 0",
                "{{integration}}",
                when=When.TROUBLE,
            ),
            Metrics(
                "sum by (integration) (increase(alertmanager_notification_requests_failed_total[5m])) > 0",
                "{{integration}} failed",
                when=When.RARE,
            ),
            width=6,
        ),
        _lines(
            "Grafana: rules",
            "Evaluations a second of Grafana's own alert rules, and those that fail.",
            Metrics("sum(rate(grafana_alerting_rule_evaluations_total[5m]))", "evaluations", when=When.GRAFANA),
            Metrics("sum(rate(grafana_alerting_rule_evaluation_failures_total[5m]))", "failures", when=When.GRAFANA),
            unit="ops",
            width=6,
        ),
        _lines(
            "Grafana: questions to its datasources",
            "Requests a second, by datasource and the status of the answer.",
            Metrics(
                "sum by (datasource, code) (rate(grafana_datasource_request_total[5m]))",
                "{{datasource}} {{code}}",
                when=When.GRAFANA,
            ),
            unit="reqps",
            width=6,
        ),
    ),
)
ENGINE_ROW: Final = Row(
    "Engine",
    (
        _lines(
            "Cycle",
            "Time that 95 of 100 cycles take, and how long ago the last one ended.",
            Metrics(
                "histogram_quantile(0.95, sum by (le) (rate(aiops_cycle_duration_seconds_bucket[5m])))", "duration"
            ),
            Metrics("time() - max(aiops_cycle_timestamp_seconds)", "age"),
            unit="s",
            steps=((None, GOOD), (60, BAD)),
        ),
        _lines(
            "Failures",
            "Cycles that ended in an error, and those that got no answer of a source, in five minutes.",
            Metrics("sum(increase(aiops_cycle_failures_total[5m]))", "cycles"),
            Metrics("sum by (source) (increase(aiops_source_failures_total[5m]))", "{{source}}"),
            steps=ANY_IS_BAD,
        ),
        _lines(
            "Telemetry it keeps itself",
            "Spans and points a second that are sent to the engine's own receivers; none where others keep them all.",
            Metrics("sum(rate(aiops_spans_accepted[5m]))", "spans"),
            Metrics("sum(rate(aiops_points_accepted[5m]))", "points"),
            unit="ops",
        ),
    ),
)
MEMORY: Final = Row(
    "Resources",
    (
        _lines(
            "Memory",
            "Resident memory of what reports it.",
            Metrics("sum by (job) (process_resident_memory_bytes)", "{{job}}"),
            Metrics("sum(otelcol_process_memory_rss_bytes)", "otel-collector"),
            unit="bytes",
            width=12,
        ),
        _lines(
            "CPU",
            "Cores in use.",
            _rate("process_cpu_seconds_total", "job", "{{job}}"),
            Metrics("sum(rate(otelcol_process_cpu_seconds_total[5m]))", "otel-collector"),
            width=12,
        ),
    ),
)

PLATFORM: Final = Dashboard(
    names.DASHBOARD_PLATFORM,
    "Platform",
    "Does what watches work: does all telemetry arrive, are rules evaluated, do alerts get out?",
    (STATE, ENGINE_ROW, COLLECTOR, PROMETHEUS, TEMPO, ALERTING, MEMORY),
)
