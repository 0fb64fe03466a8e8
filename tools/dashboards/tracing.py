"""Traces: found, drawn, and where their time goes."""

from typing import Final

from aiops.model import names
from tools.dashboards.links import label, service, to
from tools.dashboards.panels import Asks, Dashboard, Kind, Link, Metrics, Panel, Row, Spans, When
from tools.dashboards.variables import LONGER, NAMESPACE, SERVICES, TRACE, WINDOW

OF: Final = f'resource.{names.SERVICE_NAME} =~ "$service"'
GENERATED: Final = 'service=~"$service"'
SERVED: Final = f'{GENERATED}, span_kind="SPAN_KIND_SERVER"'
FAILED: Final = f'{SERVED}, status_code="STATUS_CODE_ERROR"'
OPERATION: Final = "{{service}} {{span_name}}"
HERE: Final = (service(label("service")),)


def _rate(counted: str, of: str) -> str:
    """What Tempo's generator counts, a second, by operation."""
    return f"sum by (service, span_name) (rate(traces_spanmetrics_{counted}{{{of}}}[$window]))"


SPENT: Final = _rate("latency_sum", GENERATED)
FOUND: Final = Row(
    "Traces",
    (
        Panel(
            title="Traces with errors",
            about="Traces in which a span of the service failed, newest first; click one to see it below.",
            kind=Kind.TABLE,
            queries=(Spans(f"{{ {OF} && status = error }}"),),
            height=9,
            links=(Link("Show", to(names.DASHBOARD_TRACING, service="${service}", trace="${__data.fields.traceID}")),),
        ),
        Panel(
            title="Slow traces",
            about="Traces in which the service took longer than chosen.",
            kind=Kind.TABLE,
            queries=(Spans(f"{{ {OF} && kind = server && duration > $longer }}"),),
            height=9,
            links=(Link("Show", to(names.DASHBOARD_TRACING, service="${service}", trace="${__data.fields.traceID}")),),
        ),
        Panel(
            title="The trace",
            about="The trace whose id is chosen above: its spans over time, failed ones in red, with a link to the "
            "metrics of each span's service. Empty until a trace is chosen.",
            kind=Kind.TRACE,
            queries=(Spans("$trace"),),
            width=24,
            height=12,
        ),
    ),
)
MAP: Final = Row(
    "Who calls whom",
    (
        Panel(
            title="Service map",
            about="Calls between services: a circle says how many requests succeed and fail, and how long they take.",
            kind=Kind.GRAPH,
            queries=(Spans("", Asks.SERVICE_MAP),),
            height=12,
        ),
        Panel(
            title="Calls that fail",
            about="Share of the calls from one service to another that fail, as Tempo counts spans.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    "sum by (client, server) (edge:errors:rate5m) / (sum by (client, server) (edge:calls:rate5m) > 0)",
                    "{{client}} → {{server}}",
                    when=When.TEMPO,
                ),
            ),
            unit="percentunit",
            height=12,
            links=(service(label("server")),),
        ),
    ),
)
TIME: Final = Row(
    "Where time goes",
    (
        Panel(
            title="Slowest operations",
            about="The ten operations with the longest mean time, over the window.",
            kind=Kind.BARS,
            queries=(
                Metrics(
                    f"topk(10, {SPENT} / ({_rate('latency_count', GENERATED)} > 0))",
                    OPERATION,
                    when=When.TEMPO,
                    instant=True,
                ),
            ),
            unit="s",
            width=8,
            height=10,
            links=HERE,
        ),
        Panel(
            title="Time by span",
            about="Seconds a second that the service's traces spend in each kind of span: what to make faster first.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    f"topk(10, {SPENT})",
                    OPERATION,
                    when=When.TEMPO,
                ),
            ),
            unit="s",
            width=8,
            height=10,
            links=HERE,
        ),
        Panel(
            title="Duration by span, 95th percentile",
            about="From the spans themselves, by name.",
            kind=Kind.LINES,
            queries=(Spans(f"{{ {OF} }} | quantile_over_time(duration, .95) by (name)", Asks.SERIES, "{{name}}"),),
            unit="s",
            width=8,
            height=10,
        ),
        Panel(
            title="Failing spans a second",
            about="From the spans themselves, by service and name.",
            kind=Kind.LINES,
            queries=(
                Spans(f"{{ {OF} && status = error }} | rate() by (resource.{names.SERVICE_NAME}, name)", Asks.SERIES),
            ),
            unit="ops",
        ),
        Panel(
            title="Share of requests that fail",
            about="Of spans that serve a request, by operation: spans may be sampled, Service counts all.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    f"{_rate('calls_total', FAILED)} / ({_rate('calls_total', SERVED)} > 0)",
                    OPERATION,
                    when=When.TEMPO,
                ),
            ),
            unit="percentunit",
            links=HERE,
        ),
    ),
)

TRACING: Final = Dashboard(
    names.DASHBOARD_TRACING,
    "Tracing",
    "Which requests failed or were slow, what happened in them, and where does their time go?",
    (FOUND, MAP, TIME),
    (NAMESPACE, SERVICES, LONGER, TRACE, WINDOW),
)
