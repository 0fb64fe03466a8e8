"""The detector's verdicts in Prometheus, as gauges at the time of the step that they judge: the VerdictStore."""

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint, ResourceMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.http import Unavailable
from aiops.model import Family, Labels, SeriesState, Tier, Verdict, Window, labels, names
from aiops.model.errors import TooMuch
from aiops.model.own_metrics import VERDICT
from aiops.model.promql import any_of, quoted
from aiops.sources.prometheus.client import PrometheusClient, Raw

NUMBERS: Final = tuple(VERDICT)
FIELDS: Final = {"life": "state"}
"""Fields of a verdict, where they are not named as the number."""
SERVED: Final = (names.SERVICE, names.ROUTE, names.METHOD)
CALLED: Final = (names.CALLER, names.CALLEE)
FAMILY: Final = "family"
VALUE: Final = Struct("<Bd")
TIME: Final = Struct("<BQ")
VALUE_TAG: Final = NumberDataPoint.DESCRIPTOR.fields_by_name["as_double"].number << 3 | 1
TIME_TAG: Final = NumberDataPoint.DESCRIPTOR.fields_by_name["time_unix_nano"].number << 3 | 1
GAUGE: Final = Metric.DESCRIPTOR.fields_by_name["gauge"].number
WAITING: Final = 100
REMEMBERED: Final = 4
"""How many series keep their encoded labels, as a multiple of the limit."""
AT_ONCE: Final = 2000
"""Verdicts per export: about a megabyte."""


def text_attribute(key: str, value: str) -> KeyValue:
    """Return an attribute of OTLP with a text value."""
    return KeyValue(key=key, value=AnyValue(string_value=value))


RESOURCE: Final = ResourceMetrics(
    resource=Resource(attributes=[text_attribute(names.SERVICE_NAME, names.SELF)])
).SerializeToString()


class PrometheusVerdicts:
    """Verdicts as metrics `aiops_verdict_<number>`, for Grafana and the pages.

    At most `limit` verdicts per step are written, the most conspicuous first. While Prometheus is away, verdicts of up
    to `WAITING` steps wait. `left_out` is called with the number that was not written. Writing the same verdict again
    changes nothing.
    """

    def __init__(self, api: PrometheusClient, limit: int, left_out: Callable[[int], None] = lambda _: None) -> None:
        self._api, self._limit, self._left_out = api, limit, left_out
        self._waiting: list[Verdict] = []
        self._attributes: dict[tuple[Labels, str], bytes] = {}

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Write verdicts, and those that wait since Prometheus was away. Raises SourceError."""
        waiting = [*self._waiting, *self._chosen(verdicts)]
        most = WAITING * self._limit
        if len(waiting) > most:
            self._left_out(len(waiting) - most)
            waiting = waiting[-most:]
        self._waiting = []
        if len(self._attributes) > REMEMBERED * self._limit:
            self._attributes.clear()
        for at in range(0, len(waiting), AT_ONCE):
            try:
                self._api.write_otlp(_export(waiting[at : at + AT_ONCE], self._attributes))
            except Unavailable:
                self._waiting = waiting[at:]
                raise

    def _chosen(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Return the verdicts to write, by time: a series accepts its points in that order."""
        by_step: dict[float, list[Verdict]] = {}
        for one in verdicts:
            by_step.setdefault(one.at, []).append(one)
        out: list[Verdict] = []
        for _, step in sorted(by_step.items()):
            if len(step) > self._limit:
                step.sort(key=lambda one: (-one.state, -one.score if one.score == one.score else 0.0, one.series))
                self._left_out(len(step) - self._limit)
            out += step[: self._limit]
        return out

    def history(self, service: str, route: str, window: Window, most: int = 0, every: float = 0.0) -> list[Verdict]:
        """Return the verdicts on a route of a service in the window, by time; an empty route matches all.

        every: only the last of each series and family in each slice of so many seconds, dated at the end of the slice
        (0: all). Raises TooMuch for more than `most` (0: any number).
        """
        of = f"{names.SERVICE}={quoted(service)}" + (f",{names.ROUTE}={quoted(route)}" if route else "")
        return self._found(of, window, most, every)

    def latest(self, window: Window, most: int = 0) -> list[Verdict]:
        """Return the last verdict of the window on every series and family, by series and family.

        Raises TooMuch where there are more than `most` verdicts in the window (0: any number).
        """
        last: dict[tuple[Labels, str], Verdict] = {}
        for one in self._found("", window, most):
            last[one.series, one.family] = one
        return [one for _, one in sorted(last.items())]

    def of(self, series: Sequence[Labels], window: Window, most: int = 0) -> list[Verdict]:
        """Return the verdicts of given series in the window, in all families, by time.

        Raises TooMuch for more than `most` (0: any number).
        """
        wanted, out = set(series), []
        for keys in (SERVED, CALLED):  # a label that a series lacks is empty
            mine = [dict(one) for one in sorted(wanted) if keys[0] in dict(one)]
            if mine:
                values = {key: sorted({one.get(key, "") for one in mine}) for key in (*SERVED, *CALLED)}
                of = ",".join(f"{key}=~{any_of(some)}" for key, some in values.items())
                out += [one for one in self._found(of, window, most) if one.series in wanted]
        return sorted(out, key=lambda one: (one.at, one.family, one.series))

    def _found(self, of: str, window: Window, most: int, every: float = 0.0) -> list[Verdict]:
        """Return the verdicts that matchers of PromQL select, by time."""
        # One query per number: points are matched by their times, which are those that were written.
        start, end = round(window.start * 1e9), round(window.end * 1e9)
        if most and not every:
            seconds = max(1, round(window.seconds))
            counted = self._api.instant(f"sum(count_over_time({_name(NUMBERS[0])}{{{of}}}[{seconds}s]))", window.end)
            if counted and counted[0].value > most:
                raise TooMuch(f"there are {counted[0].value:,.0f} judgements in that time, of {most:,} allowed")
        found: dict[tuple[Labels, str, int], dict[str, float]] = {}
        for number in NUMBERS:
            raw = self._api.samples(f"{_name(number)}{{{of}}}", start, end, round(every * 1e9))
            for key, value in _points(raw):
                found.setdefault(key, {})[number] = value
        whole = ((key, numbers) for key, numbers in found.items() if len(numbers) == len(NUMBERS))
        out = [_verdict(series, family, at, numbers) for (series, family, at), numbers in whole]
        if most and len(out) > most:
            raise TooMuch(f"there are {len(out):,} judgements in that time, of {most:,} allowed")
        return sorted(out, key=lambda one: (one.at, one.family, one.series))


def _name(number: str) -> str:
    return VERDICT[number].name


def _export(verdicts: Sequence[Verdict], attributes: dict[tuple[Labels, str], bytes]) -> bytes:
    """Encode an ExportMetricsServiceRequest directly as bytes: the labels of a series are the same in every step, and a
    point is the same for every number except its value. `attributes` caches encoded labels between calls."""
    points = []
    for one in verdicts:
        key = (one.series, str(one.family))
        found = attributes.get(key)
        if found is None:
            pairs = [*(text_attribute(*pair) for pair in one.series), text_attribute(FAMILY, one.family)]
            found = attributes[key] = NumberDataPoint(attributes=pairs).SerializeToString()
        points.append(found + TIME.pack(TIME_TAG, round(one.at * 1e9)))
    metrics = []
    for number in NUMBERS:
        values = (VALUE.pack(VALUE_TAG, getattr(one, FIELDS.get(number, number))) for one in verdicts)
        gauge = b"".join([_field(1, point + value) for point, value in zip(points, values, strict=True)])
        name = Metric(name=_name(number)).SerializeToString()
        metrics.append(_field(2, name + _field(GAUGE, gauge)))
    return _field(1, RESOURCE + _field(2, b"".join(metrics)))


def _field(number: int, content: bytes) -> bytes:
    """Encode a length-delimited field of a protobuf message."""
    length = len(content)
    size = bytearray()
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return bytes((number << 3 | 2,)) + bytes(size) + content


def _points(raw: Raw) -> list[tuple[tuple[Labels, str, int], float]]:
    series = [(_series(one), one.get(FAMILY, "")) for one in raw.series]
    rows = zip(raw.row.tolist(), raw.time_ns.tolist(), raw.value.tolist(), strict=True)
    return [((*series[row], time), value) for row, time, value in rows]


def _series(one: Mapping[str, str]) -> Labels:
    """Return the judged series. Prometheus keeps no empty labels; series of requests served get all three of theirs."""
    wanted = SERVED if one.get(FAMILY) != Family.SILENCE else (names.SERVICE,)
    return labels(**{name: one.get(name, "") for name in (CALLED if names.CALLER in one else wanted)})


def _verdict(series: Labels, family: str, at_ns: int, numbers: dict[str, float]) -> Verdict:
    return Verdict(
        series=series,
        family=Family(family),
        at=at_ns / 1e9,
        observed=numbers["observed"],
        expected=numbers["expected"],
        lower=numbers["lower"],
        upper=numbers["upper"],
        score=numbers["score"],
        confidence=numbers["confidence"],
        tier=Tier(int(numbers["tier"])),
        state=SeriesState(int(numbers["life"])),
    )
