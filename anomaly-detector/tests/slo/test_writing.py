"""Objectives written and read again are the same, but for the places where they stand."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from aiops.cli.main import main
from aiops.cli.slo.files import dumped
from aiops.model import (
    Adjustment,
    CalendarPeriods,
    CompositeSlo,
    Indicator,
    Missing,
    Period,
    Probe,
    Protocol,
    Query,
    Ratio,
    Rolling,
    Server,
    Slices,
    Slo,
    SourceLocation,
    Threshold,
    Urgency,
    labels,
)
from aiops.slo import Objectives, documents

from .documents import CHECKOUT, changed, reading
from .test_openslo import GAUGE, OCCURRENCES, PROBE, QUERIES, RATIO, RATIO_METRIC, RAW, ROLLING, SLICES

NOWHERE = SourceLocation("", 0, 0)

# What YAML might take for something else is drawn as well as anything else.
texts = st.sampled_from(["null", "~", "1.50", "0x1f", "yes", "2026-01-01 00:00:00", "a: b", "# no", "a\nb", " a "])
words = texts | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), min_size=1)
named = words.map(lambda word: f"a{word}")  # of what is nothing but signs no name can be made
pairs = st.dictionaries(words, words, max_size=2)
names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
promises = st.decimals("0.000001", "0.999999", places=6)
bounds = st.decimals(allow_nan=False, allow_infinity=False)
windowed = st.just("rate(x_total{a='b'}[{{.window}}])") | st.just("(\n  rate(y_total[{{ .window }}])\n)")
sorted_pairs = pairs.map(lambda found: labels(**{f"k{key}": value for key, value in found.items()}))
metrics = st.builds(Query, metric=named, unit=st.sampled_from(["", "s", "{order}"]), where=sorted_pairs)
counters = metrics | st.builds(Query, promql=windowed)
gauges = metrics | st.just(Query(promql="up"))
servers = st.builds(
    Server,
    protocol=st.sampled_from(Protocol),
    service=words,
    route=st.just("") | words,
    method=st.just("") | words,
    threshold=st.none() | st.decimals("0.0001", "600", places=4),
    native=st.booleans(),
)
ratios = st.builds(lambda total, bad: Ratio(total, bad=bad), counters, counters) | st.builds(
    lambda total, good: Ratio(total, good=good), counters, counters
)
thresholds = st.builds(Threshold, gauges, st.sampled_from(["lt", "lte", "gt", "gte"]), bounds)
indicators: st.SearchStrategy[Indicator] = servers | ratios | thresholds | st.builds(Probe, gauges)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0))
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
periods: st.SearchStrategy[Period] = st.sampled_from([Rolling(2_592_000, "30d"), Rolling(86_400, "24h")]) | st.builds(
    CalendarPeriods,
    st.just(1),
    st.just(0),
    moments.map(lambda at: at.replace(day=min(at.day, 28))),
    zones,
    st.just("1M"),
)
slices = st.builds(Slices, st.sampled_from([60, 90, 300, 3600]), promises)


@st.composite
def objectives(draw: st.DrawFn, name: str) -> Slo:
    of, group_by = draw(indicators), draw(st.lists(named, max_size=2, unique=True).map(tuple))
    sliced = draw(slices if isinstance(of, Threshold) else st.none() | slices)
    missing = draw(st.sampled_from(Missing))
    if missing == Missing.BAD and (sliced is None or group_by):
        missing = Missing.IGNORE
    return Slo(
        name=name,
        service=draw(words),
        indicator=of,
        target=draw(promises),
        period=draw(periods),
        place=NOWHERE,
        slices=sliced,
        group_by=group_by,
        min_bad_events=draw(st.integers(0, 100)),
        missing=missing,
        display_name=draw(words),
        description=draw(st.just("") | words),
        labels=draw(sorted_pairs),
        annotations=draw(sorted_pairs),
        runbook=draw(st.just("") | words),
        alerts=draw(st.sampled_from([tuple(Urgency), (Urgency.PAGE,), (Urgency.TICKET,), ()])),
    )


@st.composite
def books(draw: st.DrawFn) -> Objectives:
    """Objectives, a journey of two, and adjustments of some of them."""
    slos = [draw(objectives(name)) for name in draw(st.lists(names, min_size=1, max_size=3, unique=True))]
    composites = []
    if draw(st.booleans()):
        first = draw(objectives("the-journey-one"))
        second = draw(objectives("the-journey-2"))
        same = {
            key: getattr(first, key)
            for key in (
                "service",
                "period",
                "min_bad_events",
                "display_name",
                "description",
                "labels",
                "annotations",
                "alerts",
            )
        }
        sliced = None if isinstance(second.indicator, Threshold) else second.slices
        if first.slices is not None or sliced is not None or isinstance(second.indicator, Threshold):
            first = replace(first, slices=first.slices or Slices(60, Decimal("0.5")))
            sliced = second.slices or Slices(300, Decimal("0.9"))
        both = (first, replace(second, slices=sliced, **same))
        slos += [replace(one, missing=Missing.FREEZE, runbook=first.runbook) for one in both]
        weights = tuple((one.name, draw(st.decimals("0.01", "9", places=2))) for one in both)
        composites.append(
            CompositeSlo(
                name="the-journey",
                service=first.service,
                parts=weights,
                place=NOWHERE,
                display_name=first.display_name,
                description=first.description,
            )
        )
    adjustments = [
        Adjustment(
            name=draw(names),
            reason=draw(words),
            service=service,
            slos=() if service else tuple(one.name for one in slos if draw(st.booleans())),
            start=draw(moments),
            zone=draw(zones),
            seconds=draw(st.integers(1, 1_000_000)),
            place=NOWHERE,
            rrule=draw(st.sampled_from(["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO"])),
        )
        for service in draw(st.lists(st.just("") | words, max_size=2))
    ]
    return Objectives(tuple(sorted(slos, key=lambda one: one.name)), tuple(composites), tuple(adjustments))


def placeless(found: Objectives) -> Objectives:
    assert not found.problems, [str(one) for one in found.problems]
    return Objectives(
        *(
            tuple(replace(one, place=NOWHERE) for one in every)
            for every in (found.slos, found.composites, found.adjustments)
        )
    )


def written(found: Objectives) -> str:
    return "---\n".join(dumped(one) for one in documents(found))


@given(books())
def test_whatever_is_written_is_read_the_same(book: Objectives) -> None:
    assert placeless(reading(written(book))) == book
    assert written(reading(written(book))) == written(book)


CALENDAR = '    - duration: 1Q\n      calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}\n'
SEVERAL = "    - {displayName: Fine, target: 0.99}\n    - target: 0.9\n"
GAUGED = SLICES.replace("targetPercent: 99.5", "targetPercent: 99.5\n      op: lte\n      value: 1e3")
EACH = """    - {displayName: Pay, indicatorRef: pay, target: 0.99, compositeWeight: 3}
    - {displayName: Look, indicatorRef: pay, target: 0.9}
"""
NOTES = """  displayName: Checkout works
  labels: {team: [shop, web]}
  annotations: {aiops/min-bad-events: "5", aiops/missing-data: freeze, example.org/owner: ann}
"""
SOURCE = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: ours}\nspec: {type: otel.rpc.server}\n"
SLI = """apiVersion: openslo/v1
kind: SLI
metadata: {name: pay}
spec:
  ratioMetric:
    rawType: success
    raw: {metricSource: {metricSourceRef: ours, spec: {route: Pay, threshold: 250ms, service: pay}}}
"""
ADJUSTED = """apiVersion: aiops/v1
kind: BudgetAdjustment
metadata: {name: nightly}
spec: {description: import, slos: [two], startTime: 2026-01-01 02:00:00, timeZone: Europe/Berlin, duration: 30m}
"""
INDICATOR = CHECKOUT[CHECKOUT.index("  indicator:") : CHECKOUT.index("  timeWindow")]
TEXTS = [
    CHECKOUT,
    changed(CHECKOUT, ("-availability", "-ratio"), (RAW, RATIO), ("  displayName: Checkout works\n", NOTES)),
    changed(CHECKOUT, ("-availability", "-queries"), (RAW, QUERIES), (ROLLING, CALENDAR)),
    changed(CHECKOUT, ("-availability", "-gauge"), (RATIO_METRIC, GAUGE), (OCCURRENCES, GAUGED)),
    changed(CHECKOUT, ("-availability", "-probe"), (RATIO_METRIC, PROBE), (OCCURRENCES, SLICES)),
    changed(CHECKOUT, ("checkout-availability", "two"), ("    - target: 0.9990\n", SEVERAL)),
    changed(CHECKOUT, ("checkout-availability", "buying"), (INDICATOR, ""), ("    - target: 0.9990\n", EACH)),
    SOURCE,
    SLI,
    ADJUSTED,
]


def test_what_was_read_of_files_is_exported(tmp_path: Path) -> None:
    folder, made = tmp_path / "objectives", tmp_path / "made.yaml"
    folder.mkdir()
    for at, text in enumerate(TEXTS):
        (folder / f"{at}.yaml").write_text(text)
    done = CliRunner().invoke(main, ["slo", "export", str(folder), "-o", str(made)])
    assert (done.exit_code, done.output) == (0, "")
    before, after = placeless(reading(*TEXTS)), placeless(reading(made.read_text()))
    assert after == before
    assert [one.name for one in after.composites] == ["buying"]
    assert after.adjustments[0].slos == ("two-fine", "two-90")
    assert "target: 0.9990\n" in made.read_text()
    again = CliRunner().invoke(main, ["slo", "export", str(made)])
    assert again.stdout == made.read_text()


def test_what_is_wrong_is_not_exported(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(changed(CHECKOUT, ("0.9990", "1.5")))
    done = CliRunner().invoke(main, ["slo", "export", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "did you mean targetPercent?" in done.stderr
    (tmp_path / "one.yaml").write_text(CHECKOUT)
    done = CliRunner().invoke(main, ["slo", "export", str(tmp_path), "-o", str(tmp_path / "one.yaml")])
    assert (done.exit_code, "choose another file" in done.stderr) == (2, True)
    assert (tmp_path / "one.yaml").read_text() == CHECKOUT


def test_names_that_are_made_must_be_names() -> None:
    [wrong] = reading(changed(CHECKOUT, ("    - target: 0.9990\n", SEVERAL.replace("Fine", "日本")))).problems
    assert "makes the name 'checkout-availability-', which must be at most 63 lower-case letters" in str(wrong)
