"""Objectives as rules: what is recorded, what tells whom, and what is left out because it cannot work."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest

from aiops.model import Rolling, Urgency
from aiops.slo import Links, groups
from aiops.slo.rules import tiers
from aiops.slo.spec.lint import lint

from .documents import CHECKOUT, changed, one

SLO = one(CHECKOUT)
DAY = 86_400
GROUPED = changed(CHECKOUT, ("method: POST", "groupBy: [http.request.method]"))
LATENCY = changed(CHECKOUT, ("method: POST", "threshold: 1s"))


def rules(text: str, links: Links | None = None) -> dict[str, dict[str, Any]]:
    """Rules of an objective by what they record or the alert that they are."""
    [group] = groups([one(text)], links or Links())
    return {rule.get("record") or rule["alert"]: rule for rule in group["rules"]}


@pytest.mark.parametrize("text", [CHECKOUT, GROUPED, LATENCY])
def test_every_expression_is_promql(text: str) -> None:
    for rule in rules(text).values():
        promql_parser.parse(rule["expr"])


def test_bad_and_all_events_are_recorded_and_never_a_mean_of_ratios() -> None:
    made = rules(CHECKOUT)
    of = '{slo="checkout-availability"}'
    past = '{slo="checkout-availability", slo_by=""}[3d]'
    assert made["slo:events:rate3d"]["expr"] == (
        f"sum(sum_over_time(slo:events:rate5m{past})) / sum(count_over_time(slo:events:rate5m{past}))"
    )
    assert made["slo:bad_events:rate3d"]["expr"] == f"sum(sum_over_time(slo:bad_events:rate5m{past})) * 60 / 259200"
    burn = f"max(slo:bad_events:rate3d{of}) / (max(slo:events:rate3d{of}) > 0) / 0.001"
    assert made["slo:burn_rate:ratio_rate3d"]["expr"] == burn
    assert "[6h]" in made["slo:events:rate6h"]["expr"]
    assert made["slo:bad_events:rate1h"]["expr"].endswith(f"or on () 0 * max(slo:events:rate1h{of})")
    assert made["slo:events:rate1h"]["labels"] == {"slo": "checkout-availability", "service_name": "gateway"}


def test_slices_are_judged_once_each_and_burn_is_evaluated_as_ever() -> None:
    slices = "Timeslices\n  objectives:\n    - {target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m}\n"
    text = changed(CHECKOUT, ("Occurrences\n  objectives:\n    - target: 0.9990\n", slices))
    judged, burning = groups([one(text)], Links())
    assert (judged["name"], judged["interval"]) == ("slices-checkout-availability", "5m")
    assert [rule["record"] for rule in judged["rules"]] == ["slo:bad_slice:bool"]
    assert "< bool 0.9" in judged["rules"][0]["expr"]
    assert burning["interval"] == "1m"
    assert burning["rules"][0]["expr"] == (
        '(sum(count_over_time(slo:bad_slice:bool{slo="checkout-availability", slo_by=""}[5m])) > bool 0) / 300'
    )
    lost = changed(text, ("  displayName: Checkout works", "  annotations: {aiops/missing-data: bad}"))
    assert groups([one(lost)], Links())[0]["rules"][0]["expr"].endswith("\nor on () vector(1)")


def test_one_alert_for_each_urgency() -> None:
    made = rules(CHECKOUT, Links(engine="http://engine"))
    of = '{slo="checkout-availability"}'
    fast = made["SloBurnsFast"]
    assert fast["expr"] == (
        f"(max(slo:burn_rate:ratio_rate1h{of}) > 14.4\nand max(slo:burn_rate:ratio_rate5m{of}) > 14.4)\nor\n"
        f"(max(slo:burn_rate:ratio_rate6h{of}) > 6\nand max(slo:burn_rate:ratio_rate30m{of}) > 6)"
    )
    assert "for" not in fast
    assert fast["labels"]["severity"] == "critical"
    assert made["SloBurnsSlowly"]["labels"]["severity"] == "warning"
    assert fast["annotations"]["incidents_url"] == "http://engine/incidents"
    assert fast["annotations"]["slo_url"] == "http://engine/slos/checkout-availability"
    assert "slo_url" not in rules(CHECKOUT)["SloBurnsFast"]["annotations"]
    silent = made["SloWithoutData"]
    assert (silent["expr"], silent["for"]) == (f"absent(slo:events:rate5m{of})", "30m")


def test_alerts_link_to_traces_of_bad_requests_and_to_dashboards_that_are_there() -> None:
    links = Links(grafana="http://grafana:3000")
    found = rules(CHECKOUT, links)["SloBurnsFast"]["annotations"]
    address = urlsplit(found["traces_url"])
    (pane,) = json.loads(parse_qs(address.query)["panes"][0]).values()
    (query,) = pane["queries"]
    assert (address.netloc, address.path, pane["datasource"]) == ("grafana:3000", "/explore", "tempo")
    assert query["query"] == (
        '{ resource.service.name = "gateway" && kind = server && span.http.route = "/checkout" '
        '&& span.http.request.method = "POST" && status = error }'
    )
    slow = changed(CHECKOUT, ("method: POST", "threshold: 250ms"))
    assert "duration%20%3E%20250ms" in rules(slow, links)["SloBurnsFast"]["annotations"]["traces_url"]
    assert "dashboard_url" not in found
    there = rules(CHECKOUT, replace(links, dashboards=True))["SloBurnsFast"]["annotations"]
    assert there["dashboard_url"] == "http://grafana:3000/d/aiops-slo?var-slo=checkout-availability"


def test_words_of_people_are_no_templates() -> None:
    text = changed(CHECKOUT, ("Checkout works", "'{{ $labels.x }} works'"))
    assert rules(text)["SloBurnsFast"]["annotations"]["summary"].startswith('{{ "{{" }} $labels.x }} works spends')
    text = changed(
        CHECKOUT,
        (
            "  displayName: Checkout works",
            "  labels: {team: '{{ a }}'}\n  annotations: {aiops/runbook-url: 'http://{{ b }}'}",
        ),
        ("service: gateway", "service: '{{ c }}'\n  description: '{{ d }}'"),
    )
    made = rules(text)
    alert = made["SloBurnsFast"]
    assert (alert["labels"]["team"], alert["labels"]["service_name"]) == ('{{ "{{" }} a }}', '{{ "{{" }} c }}')
    assert alert["annotations"]["runbook_url"] == 'http://{{ "{{" }} b }}'
    assert alert["annotations"]["description"] == '{{ "{{" }} d }}'
    assert made["slo:events:rate5m"]["labels"]["service_name"] == "{{ c }}"  # no template there


def test_few_bad_events_tell_nobody() -> None:
    made = rules(changed(CHECKOUT, ("  displayName: Checkout works", '  annotations: {aiops/min-bad-events: "5"}')))
    assert 'max(slo:bad_events:rate1h{slo="checkout-availability"}) * 3600 >= 5' in made["SloBurnsFast"]["expr"]


def test_groups_keep_their_labels() -> None:
    made = rules(GROUPED)
    assert made["slo:events:rate5m"]["expr"].startswith("sum by (http_request_method) (rate(")
    assert (
        "or on (http_request_method) 0 * max by (http_request_method) (slo:events"
        in (made["slo:bad_events:rate5m"]["expr"])
    )
    assert made["slo:events:rate5m"]["labels"]["slo_by"] == "http_request_method"
    assert 'slo_by="http_request_method"}[3d]' in made["slo:events:rate3d"]["expr"]
    assert "slo_by" not in made["SloBurnsFast"]["labels"]
    assert "{{ $labels.http_request_method }}" in made["SloBurnsFast"]["annotations"]["summary"]
    assert made["SloBurnsFast"]["labels"]["slo_group"] == "{{ $labels.http_request_method }}"


def test_both_spellings_of_a_bound_are_counted() -> None:
    made = rules(LATENCY)
    assert 'le=~"1|1\\\\.0"' in made["slo:bad_events:rate5m"]["expr"]
    assert 'le=~"1000|1000\\\\.0"' in made["slo:bad_events:rate5m"]["expr"]
    half = rules(changed(LATENCY, ("1s", "500ms")))
    assert (
        'http_server_request_duration_seconds_bucket{service_name="gateway", http_route="/checkout", le="0.5"}'
        in (half["slo:bad_events:rate5m"]["expr"])
    )


def test_names_cannot_break_out_of_their_place() -> None:
    made = rules(changed(CHECKOUT, ("route: /checkout", """route: '/a"b\\c'""")))
    promql_parser.parse(made["slo:events:rate5m"]["expr"])
    assert r'http_route="/a\"b\\c"' in made["slo:events:rate5m"]["expr"]


def test_tiers_that_cannot_fire_or_fire_in_vain_are_left_out() -> None:
    factors = [tiers.plain_number(tier.factor(SLO.period)) for tier in tiers.TIERS]
    assert factors == ["14.4", "6", "3", "1"]
    low = replace(SLO, target=Decimal("0.93"))
    assert [tier.long for tier in tiers.live(low)] == [6 * 3600, DAY, 3 * DAY]
    assert "targets above 0.930556 have it" in tiers.dead(low, tiers.TIERS[0])
    week = replace(SLO, period=Rolling(7 * DAY, "7d"))
    assert [tier.long for tier in tiers.live(week)] == [3600, 6 * 3600]
    assert "fire at 0.7 times the allowed burn, while the promise is kept" in tiers.dead(week, tiers.TIERS[2])


def test_what_would_not_do_what_was_meant_is_noted() -> None:
    def noted(*pairs: tuple[str, str]) -> list[tuple[str, bool]]:
        return [(note.text, note.wrong) for note in lint([one(changed(CHECKOUT, *pairs))], 31 * DAY)]

    [bound] = noted(("method: POST", "threshold: 300ms"))
    assert bound == ("no bucket ends at 0.3 s, so nothing can be counted; take 0.25s or 0.5s", True)
    assert noted(("method: POST", "threshold: 250ms")) == []
    assert noted(("method: POST", "threshold: 300ms\n              histogram: native")) == []
    notes = noted(("0.9990", "0.2"), ("30d", "7d"))
    assert [text for text, wrong in notes if wrong] == [
        "no tier is left: nothing ever tells that this objective burns; choose a higher target"
    ]
    slices = "Timeslices\n  objectives:\n    - {target: 0.99999, timeSliceTarget: 0.9, timeSliceWindow: 5m}\n"
    old = "Occurrences\n  objectives:\n    - target: 0.9990\n"
    assert noted((old, slices)) == [("the budget is 0.0864 slices in 30d: one bad slice breaks it", False)]


def test_alerts_that_are_off_are_no_mistake() -> None:
    silent = replace(SLO, alerts=())
    assert lint([silent], 31 * DAY) == []
    assert list(tiers.live(silent)) == []
    assert lint([replace(SLO, alerts=(Urgency.PAGE,), target=Decimal("0.8"))], 31 * DAY) != []


def test_a_store_that_forgets_is_noted() -> None:
    assert ["cannot be read from it" in note.text for note in lint([SLO], 15 * DAY)] == [True]
    assert lint([SLO], 31 * DAY) == []
    assert [note.text for note in lint([SLO], 2 * DAY) if note.wrong] == [
        "burn over 3d needs metrics that are kept as long"
    ]
