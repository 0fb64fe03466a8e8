"""OpenSLO v1: what is promised is read as it was written, and what is wrong is said with its line."""

from datetime import datetime
from decimal import Decimal

import pytest

from aiops.model import (
    CalendarPeriods,
    CompositeSlo,
    Missing,
    Probe,
    Protocol,
    Query,
    Ratio,
    Rolling,
    Server,
    Slices,
    Threshold,
    labels,
)
from aiops.slo.spec.openslo import NOT_USED

from .documents import CHECKOUT, changed, one, problem, reading

RAW = """        rawType: success
        raw:
          metricSource:
            type: otel.http.server
            spec:
              route: /checkout
              method: POST
"""
RATIO = """        bad:
          metricSource:
            type: otel.metric
            spec: {metric: orders.failed, where: {shop.region: eu}, groupBy: [shop.region]}
        total:
          metricSource:
            type: otel.metric
            spec: {metric: orders, unit: "{order}", groupBy: [shop.region]}
"""
QUERIES = """        good:
          metricSource:
            type: Prometheus
            spec: {query: 'sum(rate(paid_total{ok="yes"}[{{ .window }}]))'}
        total:
          metricSource: {type: prometheus, spec: {query: 'sum(rate(paid_total[{{.window}}]))'}}
"""
GAUGE = """      thresholdMetric:
        metricSource:
          type: otel.metric
          spec: {metric: queue.depth}
"""
PROBE = """      thresholdMetric:
        metricSource:
          type: probe
          spec: {metric: probe.success}
"""
RATIO_METRIC = f"      ratioMetric:\n        counter: true\n{RAW}"
OCCURRENCES = "  budgetingMethod: Occurrences\n  objectives:\n    - target: 0.9990\n"
SLICES = """  budgetingMethod: Timeslices
  objectives:
    - targetPercent: 99.5
      timeSliceTarget: 0.95
      timeSliceWindow: 1m
"""
ROLLING = "    - duration: 30d\n      isRolling: true\n"


def test_an_objective_is_read_as_it_was_written() -> None:
    slo = one(CHECKOUT)
    assert (slo.name, slo.service, slo.display_name) == ("checkout-availability", "gateway", "Checkout works")
    assert slo.indicator == Server(protocol=Protocol.HTTP, service="gateway", route="/checkout", method="POST")
    assert str(slo.target) == "0.9990"
    assert slo.allowed == Decimal("0.001")
    assert slo.period == Rolling(30 * 86_400, "30d")
    assert str(slo.place) == "file1.yaml:26:7"
    assert (slo.min_bad_events, slo.missing, slo.slices) == (0, Missing.IGNORE, None)


def test_latency_of_an_rpc_service() -> None:
    slo = one(
        changed(
            CHECKOUT,
            ("otel.http.server", "otel.rpc.server"),
            ("route: /checkout", "service: pay\n              route: Pay\n              threshold: 250ms"),
        )
    )
    assert slo.indicator == Server(
        protocol=Protocol.RPC, service="pay", route="Pay", method="POST", threshold=Decimal("0.25")
    )


def test_ratios_of_metrics_and_of_queries() -> None:
    slo = one(changed(CHECKOUT, (RAW, RATIO)))
    assert slo.indicator == Ratio(
        Query(metric="orders", unit="{order}"),
        bad=Query(metric="orders.failed", where=labels(**{"shop.region": "eu"})),
    )
    assert slo.group_by == ("shop.region",)
    slo = one(changed(CHECKOUT, (RAW, QUERIES)))
    assert slo.indicator == Ratio(
        Query("sum(rate(paid_total[{{.window}}]))"), good=Query('sum(rate(paid_total{ok="yes"}[{{ .window }}]))')
    )


def test_gauges_in_slices_of_time() -> None:
    of = SLICES.replace("targetPercent: 99.5", "targetPercent: 99.5\n      op: lte\n      value: 100")
    slo = one(changed(CHECKOUT, (RATIO_METRIC, GAUGE), (OCCURRENCES, of)))
    assert slo.indicator == Threshold(Query(metric="queue.depth"), "lte", Decimal(100))
    assert slo.slices == Slices(60, Decimal("0.95"))
    assert slo.target == Decimal("0.995")
    assert one(changed(CHECKOUT, (RATIO_METRIC, PROBE))).indicator == Probe(Query(metric="probe.success"))


def test_calendars_and_options() -> None:
    calendar = """    - duration: 1M
      calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}
"""
    note = """  displayName: Checkout works
  labels: {team: [shop, web]}
  annotations:
    aiops/min-bad-events: "5"
    aiops/missing-data: freeze
    aiops/runbook-url: https://example.org/checkout
    aiops/alerts: ticket
    example.org/owner: ann
"""
    slo = one(changed(CHECKOUT, (ROLLING, calendar), ("  displayName: Checkout works\n", note)))
    assert slo.period == CalendarPeriods(1, 0, datetime(2026, 1, 1), "Europe/Berlin", "1M")
    assert (slo.min_bad_events, slo.missing, slo.runbook) == (5, Missing.FREEZE, "https://example.org/checkout")
    assert slo.alerts == ("ticket",)
    assert one(CHECKOUT).alerts == ("page", "ticket")
    assert (slo.labels, slo.annotations) == (labels(team="shop,web"), (("example.org/owner", "ann"),))


def test_several_targets_and_a_journey() -> None:
    two = "    - displayName: Fine\n      target: 0.99\n    - target: 0.9\n"
    found = reading(changed(CHECKOUT, ("    - target: 0.9990\n", two)))
    assert not found.problems
    assert [(slo.name, str(slo.target)) for slo in found.slos] == [
        ("checkout-availability-90", "0.9"),
        ("checkout-availability-fine", "0.99"),
    ]
    assert found.composites == ()
    text = changed(CHECKOUT, (CHECKOUT[CHECKOUT.index("  indicator:") : CHECKOUT.index("  timeWindow")], ""))
    parts = """    - {displayName: Pay, indicatorRef: pay, target: 0.99, compositeWeight: 3}
    - {displayName: Browse, indicatorRef: browse, target: 0.9}
"""
    slis = [
        f"apiVersion: openslo/v1\nkind: SLI\nmetadata: {{name: {name}}}\nspec:\n  ratioMetric:\n    rawType: success\n"
        f"    raw: {{metricSource: {{type: otel.http.server, spec: {{route: /{name}}}}}}}\n"
        for name in ("pay", "browse")
    ]
    found = reading(changed(text, ("    - target: 0.9990\n", parts)), *slis)
    assert not found.problems, [str(each) for each in found.problems]
    [composite] = found.composites
    assert isinstance(composite, CompositeSlo)
    assert composite.parts == (("checkout-availability-pay", Decimal(3)), ("checkout-availability-browse", Decimal(1)))
    assert [slo.indicator.route for slo in found.slos if isinstance(slo.indicator, Server)] == ["/browse", "/pay"]


def test_time_that_does_not_count() -> None:
    text = """\
apiVersion: aiops/v1
kind: BudgetAdjustment
metadata: {name: nightly}
spec:
  description: the nightly import locks the tables
  slos: [checkout-availability]
  startTime: 2026-01-01 02:00:00
  timeZone: Europe/Berlin
  duration: 30m
  rrule: FREQ=DAILY
"""
    found = reading(CHECKOUT, text)
    assert not found.problems
    [adjustment] = found.adjustments
    assert (adjustment.seconds, adjustment.rrule, adjustment.slos) == (1800, "FREQ=DAILY", ("checkout-availability",))
    found = reading(CHECKOUT, changed(text, ("[checkout-availability]", "[checkout]")))
    assert [str(each) for each in found.problems] == ["file2.yaml:6:10: spec.slos[0]: there is no objective 'checkout'"]
    [wrong] = reading(CHECKOUT, changed(text, ("FREQ=DAILY", "FREQ=OFTEN"))).problems
    assert "file2.yaml:10:10: spec.rrule: is no recurrence rule of RFC 5545" in str(wrong)


TARGET = "spec.objectives[0].target: "
BETWEEN = "but must lie between 0 and 1, both excluded"
LENGTH = "must be a whole number and one of s, m, h, d, w, M, Q, Y, such as 30d or 1M"
WHEN = "spec.timeWindow[0]"
RATIO_AT = "spec.indicator.spec.ratioMetric."
CALENDAR = "calendar: {startTime: 2026-01-01 00:00:00, timeZone: Mars/Olympus}"
MISTAKES = [
    # What is written instead of what, where the mistake is, and what is said of it.
    ("target: 0.9990", "target: 1", "1\n", f"{TARGET}is 1, {BETWEEN}; 1 leaves no budget, nothing can keep it"),
    ("target: 0.9990", "target: 0", "0\n", f"{TARGET}is 0, {BETWEEN}"),
    ("target: 0.9990", "target: 1.5", "1.5", f"{TARGET}is 1.5, {BETWEEN}; did you mean targetPercent?"),
    ("0.9990", ".nan", ".nan", f"{TARGET}is '.nan', but must be a number"),
    ("0.9990", "1e999999999", "1e999999999", f"{TARGET}is 1E+999999999, {BETWEEN}"),
    ("target: 0.9990", "goal: 0.9", "goal", "spec.objectives[0]: needs exactly one of target, targetPercent"),
    ("30d", "30 days", "30 days", f"{WHEN}.duration: is '30 days', but {LENGTH}"),
    ("30d", "1M", "1M", f"{WHEN}.duration: months and years do not roll: write 30d, or give a calendar"),
    ("Rolling: true", "Rolling: false", "duration:", f"{WHEN}: needs isRolling: true, or a calendar"),
    (
        "isRolling: true",
        CALENDAR,
        "Mars",
        f"{WHEN}.calendar.timeZone: is 'Mars/Olympus', but must be a time zone of the IANA database, "
        "such as Europe/Berlin or UTC",
    ),
    (
        "isRolling: true",
        CALENDAR.replace("2026-01-01 00:00:00", "tomorrow"),
        "tomorrow",
        f"{WHEN}.calendar.startTime: is 'tomorrow', but must be a local time such as 2026-01-01 00:00:00",
    ),
    ("service: gateway", "servce: gateway", "servce", "spec.service: is missing"),
    ("displayName", "displayname", "displayname", "metadata.displayname: is not known here; did you mean displayName?"),
    (
        "checkout-availability",
        "Checkout",
        "Checkout\n",
        "metadata.name: is 'Checkout', but must be at most 63 lower-case letters, digits and dashes",
    ),
    ("o/v1", "o/v2", "openslo/v2", "apiVersion: is 'openslo/v2', but must be one of openslo/v1, aiops/v1"),
    ("SLO\n", "AlertPolicy\n", "AlertPolicy", f"kind: {NOT_USED}"),
    (
        "otel.http.server",
        "datadog",
        "datadog",
        f"{RATIO_AT}raw.metricSource.type: is 'datadog', but must be one of otel.http.server, otel.rpc.server, "
        "otel.metric, probe, prometheus",
    ),
    (
        "method: POST",
        "threshold: 0.5",
        "0.5",
        f"{RATIO_AT}raw.metricSource.spec.threshold: is '0.5', but must be a time above zero with its unit, "
        "such as 500ms or 1.5s",
    ),
    ("Occurrences", "Timeslices", "target: 0.9990", "spec.objectives[0].timeSliceTarget: is missing"),
    (RATIO_METRIC, GAUGE, "target: 0.9990", "spec.objectives[0].op: is missing"),
    (
        RAW,
        QUERIES.replace("paid_total[{{.window}}]))", "paid_total[{{.window}}])"),
        "'sum(rate(paid_total[{{.window}}])'",
        f"{RATIO_AT}total.metricSource.spec.query: is no PromQL: unclosed left parenthesis",
    ),
    (
        RAW,
        QUERIES.replace("paid_total[{{.window}}]", "paid_total[5m]"),
        "'sum(rate(paid_total[5m]))'",
        f"{RATIO_AT}total.metricSource.spec.query: must rate its counter over {{{{.window}}}}, "
        "as in sum(rate(requests_total[{{.window}}]))",
    ),
    ("displayName: Checkout works", "name: again", "name: again", "metadata.name: is written twice"),
    (
        "displayName: Checkout works",
        "annotations: {aiops/min-bad-events: some}",
        "some",
        "metadata.annotations.aiops/min-bad-events: is 'some', but must be a number",
    ),
    (
        "displayName: Checkout works",
        "annotations: {aiops/missing-data: bad}",
        "target: 0.9990",
        "spec.objectives[0]: aiops/missing-data: bad counts slices of time: use budgetingMethod: Timeslices",
    ),
]


@pytest.mark.parametrize(("old", "new", "where", "said"), MISTAKES)
def test_a_mistake_is_told_with_its_place(old: str, new: str, where: str, said: str) -> None:
    text = changed(CHECKOUT, (old, new))
    before = text[: text.rindex(where)]
    place = f"file1.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert problem(text) == f"{place}: {said}"


def test_a_mistake_costs_its_own_document_only() -> None:
    bad = changed(CHECKOUT, ("0.9990", "2"), ("checkout-availability", "other"))
    found = reading(f"{CHECKOUT}---\n{bad}", "a: [", "just text", "")
    assert [slo.name for slo in found.slos] == ["checkout-availability"]
    said = [str(each) for each in found.problems]
    assert [each.split(":")[0] for each in said] == ["file1.yaml", "file2.yaml", "file3.yaml"]
    assert "this is no YAML" in said[1]
    assert said[2] == "file3.yaml:1:1: must be a mapping of fields"


def test_names_must_differ() -> None:
    found = reading(CHECKOUT, CHECKOUT)
    assert len(found.slos) == 1
    assert "checkout-availability is the name of another objective" in str(found.problems[0])
