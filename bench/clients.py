"""Real frameworks, broken: what the engine makes of what their instrumentation sent, against the truth.

    python -m bench.clients            # the table, printed
    python -m bench.clients --save     # and written into docs/clients.md
    python -m bench.clients --check    # exit 1 where an answer is wrong, or the page says something else

Each recording in bench/recordings holds traces and counters of a small application while all was well and while it was
broken. They are played in virtual time with new ids: five minutes of good, three of the fault, three of good.
"""

import argparse
import itertools
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from aiops.model import Incident, IncidentState
from aiops.sources.duckdb import schema
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics
from aiops.sources.receiver.decode_spans import decode_spans
from bench.rig import Rig, rig

RECORDINGS: Final = Path(__file__).parent / "recordings"
PAGE: Final = Path(__file__).parents[1] / "docs" / "clients.md"
BEGIN, END = "<!-- made by `python -m bench.clients --save` -->\n", "<!-- end of what is made -->\n"
START: Final = 1_763_712_000.0
STEP: Final = 5.0
RATE: Final = 3.0  # requests a second
GOOD, BAD, AFTER = 300.0, 180.0, 180.0
MOST_BEHIND: Final = 4.0  # seconds: a request begins so long before its step ends


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault; seconds after the fault and after its end, None where it did not happen."""

    name: str
    versions: str
    fault: str
    expected: str
    seen: tuple[str, ...]
    sure: float | None
    found: float | None
    resolved: float | None

    @property
    def right(self) -> bool:
        """One incident with the true cause that resolved; or none where none is due."""
        if not self.expected:
            return not self.seen
        return self.seen == (self.expected,) and self.resolved is not None


class Player:
    """Sends what was recorded of a phase again, at other times and with other ids."""

    def __init__(self, recording: Mapping[str, Any], seed: int = 1) -> None:
        self._phases = recording["phases"]
        self._resources = [pairs(one) for one in recording["resources"]]
        self._random = random.Random(seed)
        self._counted: dict[str, tuple[dict[str, Any], list[float]]] = {}

    def step(self, phase: str, at: float) -> Iterator[ExportTraceServiceRequest | ExportMetricsServiceRequest]:
        """What is exported of the step that begins at a time (Unix seconds)."""
        count = round(RATE * STEP)
        traces = self._phases[phase]["traces"]
        for number in range(count):
            began = at + STEP * (number + self._random.random()) / count
            yield self._spans(self._random.choice(traces), began)
        for counter in self._phases[phase]["counters"]:
            self._count(counter, count)
        if self._counted:
            yield self._points(at)

    def _spans(self, trace: Sequence[Mapping[str, Any]], began: float) -> ExportTraceServiceRequest:
        ids: dict[tuple[str, int], bytes] = {}

        def fresh(kind: str, number: int, size: int) -> bytes:
            return ids.setdefault((kind, number), self._random.randbytes(size)) if number else b""

        out = ExportTraceServiceRequest()
        for span in trace:
            group = out.resource_spans.add()
            group.resource.attributes.extend(self._resources[span["resource"]])
            scope = group.scope_spans.add()
            scope.scope.name = span.get("scope", "")
            start = began + span["start"] / 1000
            one = scope.spans.add(
                trace_id=fresh("trace", span["trace"], 16),
                span_id=fresh("span", span["id"], 8),
                parent_span_id=fresh("span", span.get("parent", 0), 8),
                name=span["name"],
                kind=span.get("kind", 0),
                start_time_unix_nano=round(start * 1e9),
                end_time_unix_nano=round((start + span["ms"] / 1000) * 1e9),
                attributes=pairs(span.get("attributes", {})),
            )
            one.status.code, one.status.message = span.get("status", 0), span.get("message", "")
            for event in span.get("events", ()):
                one.events.add(name=event["name"], time_unix_nano=round(start * 1e9)).attributes.extend(
                    pairs(event["attributes"])
                )
            for other, linked in span.get("links", ()):
                one.links.add(trace_id=fresh("trace", other, 16), span_id=fresh("span", linked, 8))
        return out

    def _count(self, counter: Mapping[str, Any], requests: int) -> None:
        series = {key: counter[key] for key in ("resource", "metric", "unit", "bounds", "attributes", "process")}
        key = json.dumps(series, sort_keys=True)
        if key not in self._counted:
            self._counted[key] = (series, [0.0] * (1 + len(counter["buckets"])))
        share = requests / counter["traces"]
        added = [counter["sum"], *counter["buckets"]]
        values = self._counted[key][1]
        values[:] = [before + share * more for before, more in zip(values, added, strict=True)]

    def _points(self, at: float) -> ExportMetricsServiceRequest:
        out = ExportMetricsServiceRequest()
        for series, (total, *buckets) in self._counted.values():
            group = out.resource_metrics.add()
            group.resource.attributes.extend(self._resources[series["resource"]])
            metric = group.scope_metrics.add().metrics.add(name=series["metric"], unit=series["unit"])
            metric.histogram.aggregation_temporality = 2  # type: ignore[assignment]
            whole = [int(one) for one in buckets]
            metric.histogram.data_points.add(
                start_time_unix_nano=round((START - 60 + series["process"]) * 1e9),
                time_unix_nano=round((at + STEP - 0.1) * 1e9),
                count=sum(whole),
                sum=total,
                bucket_counts=whole,
                explicit_bounds=series["bounds"],
                attributes=pairs(series["attributes"]),
            )
        return out


def pairs(of: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue(key=key, value=_value(one)) for key, one in of.items()]


def _value(one: Any) -> AnyValue:
    match one:
        case bool():
            return AnyValue(bool_value=one)
        case int():
            return AnyValue(int_value=one)
        case float():
            return AnyValue(double_value=one)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_value(each) for each in one]))
        case _:
            return AnyValue(string_value=str(one))


def play(
    recording: Mapping[str, Any],
    fault: str,
    good: float = GOOD,
    bad: float = BAD,
    after: float = AFTER,
    calm_steps: int = 1,
) -> Outcome:
    """Live through one fault of a recording; seconds before, with and after it. Beside the fault the engine judges
    `calm_steps` steps at once."""
    player = Player(recording)
    with rig(START, STEP) as one:
        at = START
        for phase, seconds, at_once in (("good", good, calm_steps), (fault, bad, 1), ("good", after, calm_steps)):
            for number in range(1, round(seconds / STEP) + 1):
                _take(one, player.step(phase, at), at + MOST_BEHIND)
                at += STEP
                one.clock.time = at
                if number % at_once == 0:
                    one.engine.cycle()
        incidents = one.incidents()
    began, ended = START + good, START + good + bad
    first = min(incidents, key=lambda each: each.first_detected, default=None)
    over = [each.resolved_at for each in incidents if each.state == IncidentState.RESOLVED and each.resolved_at]
    return Outcome(
        name=recording["name"],
        versions=recording["versions"],
        fault=fault,
        expected=recording["truth"][fault],
        seen=tuple(sorted(named(each) for each in incidents)),
        sure=first.root_cause.confidence if first and first.root_cause else None,
        found=first.first_detected - began if first else None,
        resolved=max(over) - ended if over and len(over) == len(incidents) else None,
    )


def named(incident: Incident) -> str:
    """A cause as a recording's truth has it: `errors at stock /stock/:sku`."""
    if incident.root_cause is None:
        return "no cause"
    cause = incident.root_cause.cause
    caller = f" called by {cause.caller}" if cause.caller else ""
    return f"{cause.kind} at {cause.service} {cause.endpoint}".strip() + caller


def _take(one: Rig, exports: Iterator[ExportTraceServiceRequest | ExportMetricsServiceRequest], now: float) -> None:
    rows = Decoding(now + 60, 48 * 3600.0, lambda _: False)
    for export in exports:
        if isinstance(export, ExportTraceServiceRequest):
            decode_spans(export, rows)
        else:
            decode_metrics(export, rows)
    if rows.rejected.count:
        raise RuntimeError(rows.rejected.message())
    one.source.store.append(
        resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
        series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
        points=schema.arrow_table(schema.POINTS, rows.points),
        spans=schema.arrow_table(schema.SPANS, rows.spans),
    )


def recordings() -> list[dict[str, Any]]:
    """Every recording, by name."""
    return [json.loads(file.read_text("utf-8")) for file in sorted(RECORDINGS.glob("*.json"))]


def table(outcomes: Sequence[Outcome]) -> str:
    """The table of docs/clients.md."""
    rows = [
        "| framework, as recorded | fault | found after | incidents | cause named | sure | right | resolved after |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, some in itertools.groupby(outcomes, key=lambda one: f"{one.name} ({one.versions})"):
        shown = name
        for one in some:
            cause = "; ".join(one.seen) or "none"
            rows.append(
                f"| {shown} | {one.fault} | {_seconds(one.found)} | {len(one.seen)} | {cause} "
                f"| {'' if one.sure is None else f'{one.sure:.0%}'} | {'yes' if one.right else 'no'} "
                f"| {_seconds(one.resolved)} |"
            )
            shown = ""
    return "\n".join(rows) + "\n"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} s"


def page(text: str, made: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + made + "\n" + END + rest.partition(END)[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help="write the table into docs/clients.md")
    parser.add_argument("--check", action="store_true", help="exit 1 where an answer is wrong or the page is stale")
    parser.add_argument("names", nargs="*", help="recordings (default: all)")
    given = parser.parse_args()
    chosen = [one for one in recordings() if not given.names or one["name"] in given.names]
    outcomes = [play(one, fault) for one in chosen for fault in one["truth"]]
    made = table(outcomes)
    print(made)
    if given.save:
        PAGE.write_text(page(PAGE.read_text("utf-8"), made), encoding="utf-8")
    if given.check:
        wrong = [f"{one.name}, {one.fault}: {one.seen}, expected {one.expected}" for one in outcomes if not one.right]
        stale = page(PAGE.read_text("utf-8"), made) != PAGE.read_text("utf-8")
        print("\n".join([*wrong, *(["docs/clients.md says something else: run --save"] if stale else [])]))
        sys.exit(1 if wrong or stale else 0)


if __name__ == "__main__":
    main()
