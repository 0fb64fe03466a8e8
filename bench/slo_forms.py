"""The same objectives as other projects' generators write them as Prometheus rules: templates of what they document.

sloth v0.16.0 (github.com/slok/sloth): rules and their order as in `examples/_gen/getting-started.yml`, latency as in
`examples/kubernetes-apiserver.yml`, windows of `internal/alert/windows/google-30d.yaml`, the sum over 30 days as
`internal/plugin/slo/core/sli_rules_v1` makes it by default ("optimized"). Groups name no interval: Prometheus' own, 1m.

pyrra v0.10.1 (github.com/pyrra-dev/pyrra): `slo/rules.go`, `Windows`, `Burnrate`, `Burnrates` (every 30 s) and
`IncreaseRules` (30 days: every 150 s), without the options `performanceOverAccuracy` and generic rules, which are off
by default; absence alerts are on by default. Its windows are shares of the period, rounded to minutes.

Both ask for one name of the metric and one spelling of a bucket; ours ask for the old name of the convention as well.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.slo_fleet import FAST, METRIC, TARGET, Objective

Rule = dict[str, Any]

DAY: Final = 86_400
PERIOD: Final = 30 * DAY
ALLOWED: Final = f"(1-{TARGET})"
FAILURES: Final = 'http_response_status_code=~"5.."'

SLOTH_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SLOTH_ALERTS: Final = {
    "page": (("5m", "1h", "14.4"), ("30m", "6h", "6")),
    "ticket": (("2h", "1d", "3"), ("6h", "3d", "1")),
}
# Shares of the period: (severity, for, long, short), and how many times the allowed burn.
PYRRA_WINDOWS: Final = (
    ("critical", 28 * 24 * 30, 28 * 24, 28 * 24 * 12, 14),
    ("critical", 28 * 24 * 4, 28 * 4, 28 * 24 * 2, 7),
    ("warning", 28 * 24, 28, 28 * 12, 2),
    ("warning", 28 * 8, 7, 28 * 4, 1),
)


def sloth(objectives: Sequence[Objective]) -> list[Rule]:
    return [group for one in objectives for group in _sloth(one)]


def pyrra(objectives: Sequence[Objective]) -> list[Rule]:
    return [group for one in objectives for group in _pyrra(one)]


def pyrra_windows() -> list[int]:
    """The windows of its burn rates, seconds, in order."""
    return sorted({_minutes(share) for _, _, long, short, _ in PYRRA_WINDOWS for share in (long, short)})


def pyrra_burn(seconds: int) -> str:
    """The name of a recorded burn rate."""
    return f"{METRIC}:burnrate{span(seconds)}"


def span(seconds: int) -> str:
    """A duration as Prometheus prints it: 1h4m."""
    out = ""
    for unit, length in (("d", DAY), ("h", 3600), ("m", 60)):
        out += f"{seconds // length}{unit}" if seconds >= length else ""
        seconds %= length
    return out


def _sloth(one: Objective) -> Iterator[Rule]:
    own = {"sloth_id": one.name, "sloth_service": one.service, "sloth_slo": one.name}
    of = "{" + ", ".join(f'{key}="{value}"' for key, value in own.items()) + "}"
    ratio = "slo:sli_error:ratio_rate"
    recordings = [
        {"record": ratio + window, "expr": _ratio(one, window), "labels": {**own, "sloth_window": window}}
        for window in SLOTH_WINDOWS
    ]
    over = f"{ratio}5m{of}[30d]"
    whole = f"sum_over_time({over})\n/ ignoring (sloth_window)\ncount_over_time({over})"
    recordings.append({"record": f"{ratio}30d", "expr": whole, "labels": {**own, "sloth_window": "30d"}})
    yield {"name": f"sloth-slo-sli-recordings-{one.name}", "rules": recordings}
    budget = f"/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio{of}"
    meta = {
        "slo:objective:ratio": f"vector({TARGET})",
        "slo:error_budget:ratio": f"vector(1-{TARGET})",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"{ratio}5m{of}\n{budget}",
        "slo:period_burn_rate:ratio": f"{ratio}30d{of}\n{budget}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{of}",
        "sloth_slo_info": "vector(1)",
    }
    rules = [{"record": name, "expr": expression, "labels": own} for name, expression in meta.items()]
    yield {"name": f"sloth-slo-meta-recordings-{one.name}", "rules": rules}
    alerts = []
    for severity, tiers in SLOTH_ALERTS.items():
        expression = "\nor\n".join(
            "("
            + "\nand\n".join(
                f"max({ratio}{window}{of} > ({factor} * {ALLOWED})) without (sloth_window)" for window in (short, long)
            )
            + ")"
            for short, long, factor in tiers
        )
        alerts.append({"alert": "HighErrorRate", "expr": expression, "labels": {"sloth_severity": severity}})
    yield {"name": f"sloth-slo-alerts-{one.name}", "rules": alerts}


def _pyrra(one: Objective) -> Iterator[Rule]:
    labels = {"http_request_method": "GET", "http_route": one.route, "service_name": one.service, "slo": one.name}
    of = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    burns = [
        {"record": pyrra_burn(window), "expr": _ratio(one, span(window)), "labels": labels}
        for window in pyrra_windows()
    ]
    alerts = []
    for severity, wait, long, short, factor in PYRRA_WINDOWS:
        conditions = [f"{pyrra_burn(_minutes(share))}{of} > ({factor} * {ALLOWED})" for share in (short, long)]
        told = {**labels, "severity": severity}
        waits = span(_minutes(wait))
        alerts.append({"alert": "ErrorBudgetBurn", "expr": " and ".join(conditions), "for": waits, "labels": told})
    yield {"name": one.name, "interval": "30s", "rules": [*burns, *alerts]}
    total = f"{METRIC}_count{{{one.selected}}}"
    # Split by what tells failed requests from all of them.
    by = "" if one.latency else " by (http_response_status_code) "
    whole = {"record": f"{METRIC}:increase30d", "expr": f"sum{by}(increase({total}[30d]))", "labels": labels}
    absent = {"alert": "SLOMetricAbsent", "for": "3m", "labels": {**labels, "severity": "critical"}}
    rules: list[Rule] = [whole, {**absent, "expr": f"absent({total}) == 1"}]
    if one.latency:
        fast = f"{METRIC}_bucket{{{_fast(one)}}}"
        rules.insert(1, {**whole, "expr": f"sum(increase({fast}[30d]))", "labels": {**labels, "le": str(FAST)}})
        rules.append({**absent, "expr": f"absent({fast}) == 1", "labels": {**labels, "le": str(FAST)}})
    yield {"name": f"{one.name}-increase", "interval": "150s", "rules": rules}


def _minutes(share: int) -> int:
    """A part of the period, rounded to minutes, in seconds."""
    return round(PERIOD / share / 60) * 60


def _fast(one: Objective) -> str:
    return f'{one.selected}, le="{FAST}"'


def _ratio(one: Objective, window: str) -> str:
    """The share of bad requests over a window, of the counters themselves: both write it so."""
    total = f"sum(rate({METRIC}_count{{{one.selected}}}[{window}]))"
    if one.latency:
        bad = f"{total} - sum(rate({METRIC}_bucket{{{_fast(one)}}}[{window}]))"
    else:
        bad = f"sum(rate({METRIC}_count{{{one.selected}, {FAILURES}}}[{window}]))"
    return f"({bad})\n/\n({total})"
