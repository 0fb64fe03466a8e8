"""What somebody's PromQL counts: taken apart into rates, or refused with what to write instead."""

from contextlib import nullcontext
from decimal import Decimal

import pytest

from aiops.slo.spec.expressions import events, gauge, selectors

W = "[{{.window}}]"


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("rate(a{W})", [("rate(a{W})", "1")]),
        ("sum(rate(a{W}))", [("rate(a{W})", "1")]),
        ("sum(sum by (code, job) (rate(a{W})))", [("rate(a{W})", "1")]),
        ("sum(rate(a{W})) > 0", [("rate(a{W})", "1")]),
        ("0 < sum(rate(a{W}))", [("rate(a{W})", "1")]),
        ("sum(rate(a{W})) or vector(0)", [("rate(a{W})", "1")]),
        ("sum(rate(a{W})) or on () 0 * sum(rate(b{W}))", [("rate(a{W})", "1")]),
        ("sum(increase(a{W}))", [("rate(a{W})", "1")]),
        ("sum(rate(a{W})) - sum(rate(b{W}))", [("rate(a{W})", "1"), ("rate(b{W})", "-1")]),
        ("clamp_min(rate(a{W}) + 2 * (rate(b{W}) - rate(c{W})) / 4, 0)", [("a", "1"), ("b", "0.5"), ("c", "-0.5")]),
        ("-(rate(a{W}) - rate(b{W}))", [("a", "-1"), ("b", "1")]),
        ("sum(job:a:rate{{{{.window}}}})", [("job:a:rate{{{{.window}}}}", "1")]),
        ("histogram_count(sum(rate(h{W})))", [("histogram_count(sum(rate(h{W})))", "1")]),
        ("sum(rate(a{W}) or rate(b{W}))", [("rate(a{W}) or rate(b{W})", "1")]),
        (
            "histogram_fraction(0, 0.5, rate(h{W})) * histogram_count(rate(h{W}))",
            [("histogram_fraction(0, 0.5, rate(h{W})) * histogram_count(rate(h{W}))", "1")],
        ),
        (
            "sum(rate(a{W}) * on (pod) group_left (team) info)",
            [("rate(a{W}) * on (pod) group_left (team) info", "1")],
        ),
    ],
)
def test_a_count_is_the_sum_of_its_terms(written: str, terms: list[tuple[str, str]]) -> None:
    def full(text: str) -> str:
        return f"rate({text}{W})" if len(text) == 1 else text.format(W=W)

    found = events(written.format(W=W), [])
    assert [(one.text, one.factor) for one in found] == [(full(text), Decimal(factor)) for text, factor in terms]


def test_what_is_counted_by_the_window_is_known() -> None:
    [found] = events(f"sum(count_over_time(probe_success{W}))", [])
    assert (found.text, found.counted) == (f"count_over_time(probe_success{W})", True)


@pytest.mark.parametrize(
    ("bound", "meant"),
    [
        ('le="1"', 'le=~"1|1\\\\.0"'),
        ('le="1.0"', 'le=~"1|1\\\\.0"'),
        ('le="0.250"', 'le="0.250"'),
        ('le!="10"', 'le!~"10|10\\\\.0"'),
        ('le="1000000"', 'le=~"1000000|1000000\\\\.0|1e\\\\+06"'),
        ('le="+Inf"', 'le="+Inf"'),
        ('le=~"1"', 'le=~"1"'),
    ],
)
def test_every_spelling_of_a_bound_is_meant(bound: str, meant: str) -> None:
    [found] = events(f'sum(rate(took_bucket{{job="a\\\\b",{bound}}}{W} offset 5m))', [])
    assert found.text == f'rate(took_bucket{{job="a\\\\b",{meant}}}{W} offset 5m)'


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("sum(rate(a{W})) / sum(rate(b{W}))", "is a ratio, which cannot be counted"),
        ("max(rate(a{W}))", "max is no count of events: take sum"),
        ("sum(rate(a[5m]))", "rate must be taken over {{.window}}"),
        ("sum(rate(a{W})) - sum(rate(b[5m]))", "another range does not follow the window"),
        ("sum(rate(a{W}[1h:1m]))", "is no PromQL"),
        ("rate(a[{{{{.window}}}}:1m])", "not of a subquery"),
        ("sum(irate(a{W}))", "irate is no count of events"),
        ("sum(a) + sum(rate(b{W}))", "must rate a over {{.window}}"),
        ("sum(rate(a{W})) > 5", "> drops events at times"),
        ("sum(rate(a{W})) > bool 0", "> drops events at times"),
        ("sum(rate(a{W})) unless on () maintenance", "unless drops events at times"),
        ("sum(rate(a{W})) + 1", "+ makes no count of events here"),
        ("rate(a{W}) * rate(b{W})", "multiplies series by series"),
        ("rate(a{W}) % 2", "% makes no count of events"),
        ("rate(a{W}) + on (pod) group_left () rate(b{W})", "group_left counts series several times"),
        ("sum((rate(a{W}) + rate(b{W})) or rate(c{W}))", "must be one rate here"),
        ('sum(rate(a{{x="1" or y="2"}}{W}))', "or between the matchers of a selector"),
        ("vector(1)", "vector is no count of events"),
        ("1", "must be a vector"),
    ],
)
def test_what_is_no_count_is_refused(written: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        events(written.format(W=W), [])
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("rate(a{W})", True),
        ("sum by (route) (rate(a{W}))", True),
        ("sum by (code, route) (rate(a{W}))", True),
        ("sum without (code) (rate(a{W}))", True),
        ("sum(rate(a{W}))", False),
        ("sum by (code) (rate(a{W}))", False),
        ("sum without (route) (rate(a{W}))", False),
        ("sum(rate(a{W})) - sum by (route) (rate(b{W}))", False),
        ('label_replace(sum(rate(a{W})), "route", "all", "", "")', True),
        ("sum by (route) (sum by (pod) (rate(a{W})) * on (pod) group_left (route) info)", True),
    ],
)
def test_a_sum_keeps_what_a_budget_is_split_by(written: str, fits: bool) -> None:
    lost = nullcontext() if fits else pytest.raises(ValueError, match="drops route, which groupBy names")
    with lost:
        events(written.format(W=W), ["route"])


def test_a_level_is_a_vector_that_drops_nothing_bad() -> None:
    assert gauge("up", []).selector
    assert gauge('up{a="b"}', ["job"]).text == 'up{a="b"}'
    assert not gauge("min(up)", []).selector
    assert not gauge("up offset 5m", []).selector
    for written, why in (
        ("up == 1", "== drops what it does not hold for"),
        ("1", "must give a vector"),
        ("min(up)", "min drops job, which groupBy names"),
        ("up[5m]", "must give a vector"),
        ("min(", "is no PromQL"),
    ):
        with pytest.raises(ValueError, match=why):
            gauge(written, ["job"])


def test_selectors_of_an_expression() -> None:
    text = 'sum(rate(a{b="c\\\\d"}[5m] offset 1m)) or sum(rate(a{b="c\\\\d"}[5m])) - rate({__name__="x.y"}[5m])'
    assert selectors(text) == ['a{b="c\\\\d"}', '{__name__="x.y"}']
