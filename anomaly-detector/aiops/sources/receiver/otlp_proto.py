"""OTLP in protobuf: an export as resources with their data, each built only when it is needed."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from aiops.sources.receiver import wire
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import POINTS, Sent
from aiops.sources.receiver.wire import Part, Slice, fields, inside

M = TypeVar("M", bound=Message)

# Numbers of fields: the groups of an export, the resource and the scopes of a group, the items of a scope.
_GROUPS, _RESOURCE, _SCOPES, _ITEMS = 1, 1, 2, 2
_DATA: Final = {Metric.DESCRIPTOR.fields_by_name[form].number: form for form in POINTS}
_DATA_POINTS: Final = 1


class _Count:
    """The number of items of an export so far."""

    def __init__(self, most: int) -> None:
        self.left = most

    def one(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise wire.TooMany


def spans(body: bytes, into: Decoding, most: int = wire.MAX_ITEMS) -> Iterator[tuple[Resource, Iterator[Span]]]:
    """Read an export of spans; what cannot be read is reported to `into`. Raises wire.Damaged or wire.TooMany before
    anything is read."""
    for resource, found in _groups(body, _Count(most)):
        yield _resource(body, resource, into), _built(body, found, ScopeSpans, "spans", Span, into, _lost_span(into))


def metrics(body: bytes, into: Decoding, most: int = wire.MAX_ITEMS) -> Iterator[tuple[Resource, Iterator[Sent]]]:
    """Read an export of metrics in the same way."""
    count = _Count(most)
    groups = [(resource, [_Pieces(body, one, count) for one in found]) for resource, found in _groups(body, count)]
    for resource, pieces in groups:
        yield _resource(body, resource, into), _sent(pieces, into)


def logs(body: bytes, into: Decoding, most: int = wire.MAX_ITEMS) -> Iterator[tuple[Resource, Iterator[LogRecord]]]:
    """Read an export of logs in the same way."""
    for resource, found in _groups(body, _Count(most)):
        built = _built(body, found, ScopeLogs, "log_records", LogRecord, into, _nothing_lost)
        yield _resource(body, resource, into), built


def _groups(body: bytes, counted: _Count) -> list[tuple[Slice | None, list[Part]]]:
    """Return where the resource and the items of each group are."""
    groups = []
    for _, start, end in inside(body, 0, len(body), _GROUPS):
        counted.one()
        resource: Slice | None = None
        found: list[Part] = []
        for number, kind, _, value, until in fields(body, start, end):
            if kind != 2:
                continue
            if number == _RESOURCE:
                resource = value, until
            elif number == _SCOPES:
                counted.one()
                # Without `inside`, and counted together, for speed: this runs for every span.
                before, most = len(found), len(found) + counted.left
                for item, form, at, inner, stop in fields(body, value, until):
                    if item == _ITEMS and form == 2:
                        found.append((at, inner, stop))
                        if len(found) > most:
                            raise wire.TooMany
                counted.left -= len(found) - before
        groups.append((resource, found))
    return groups


def _resource(body: bytes, at: Slice | None, into: Decoding) -> Resource:
    if at is None:
        return Resource()
    try:
        return into.read(Resource, body[at[0] : at[1]])
    except wire.MessageTooLarge as problem:
        into.repaired.add(f"a resource, which holds {problem}")
        return Resource()


def _built(
    body: bytes,
    found: list[Part],
    holder: type[Message],
    name: str,
    of: type[M],
    into: Decoding,
    lost: Callable[[str], None],
) -> Iterator[M]:
    """Build the messages of field `name` of a holder, many at once, or one by one where they cannot be read together.
    `lost` is called with the reason for each rejected one."""
    for run in wire.runs(found):
        start, end = run[0][0], run[-1][2]
        if end - start <= wire.SMALL_BYTES:
            try:
                held = holder.FromString(body[start:end])
            except DecodeError:
                pass
            else:
                yield from getattr(held, name)
                continue
        for _, value, until in run:
            what = name.removesuffix("s").replace("_", " ")
            one = body[value:until]
            try:
                yield into.read(of, one)
                continue
            except wire.MessageTooLarge:
                pass
            try:
                slim = into.read(of, wire.shed(of, one))
            except wire.MessageTooLarge as problem:
                into.rejected.add(f"a {what} holds {problem}")
                lost(f"a {what} holds {problem}")
            else:
                into.repaired.add(f"a {what} holds too many events, links or exemplars: they are left out")
                yield slim


class _Pieces:
    """One metric as bytes: its own fields, and where each of its points is."""

    def __init__(self, body: bytes, at: Part, count: _Count) -> None:
        self.body = body
        self.points: list[Part] = []
        self.form = ""
        shell: list[bytes] = []
        for number, kind, start, value, end in fields(body, at[1], at[2]):
            form = _DATA.get(number) if kind == 2 else None
            if form is None:
                shell.append(body[start:end])
                continue
            if form != self.form:  # if there are several forms, the last one counts
                self.form, self.points = form, []
            rest = []
            for inner, inner_kind, inner_start, inner_value, inner_end in fields(body, value, end):
                if inner == _DATA_POINTS and inner_kind == 2:
                    count.one()
                    self.points.append((inner_start, inner_value, inner_end))
                else:
                    rest.append(body[inner_start:inner_end])
            shell.append(wire.enclosed(number, b"".join(rest)))
        self.shell = b"".join(shell)


def _sent(pieces: list[_Pieces], into: Decoding) -> Iterator[Sent]:
    for one in pieces:
        try:
            metric = into.read(Metric, one.shell)
        except wire.MessageTooLarge as problem:
            into.rejected.add(f"a metric holds {problem}", len(one.points))
            into.lost.points(into.service, "", f"a metric holds {problem}", len(one.points))
            continue
        if one.form:
            lost = _lost_point(metric.name, into)
            body = type(getattr(metric, one.form))
            yield Sent.of(
                metric, one.form, _built(one.body, one.points, body, "data_points", POINTS[one.form], into, lost)
            )


def _nothing_lost(_reason: str) -> None:
    """Records of logs count no requests."""


def _lost_span(into: Decoding) -> Callable[[str], None]:
    return lambda reason: into.lost.spans(into.service, reason)


def _lost_point(metric: str, into: Decoding) -> Callable[[str], None]:
    return lambda reason: into.lost.points(into.service, metric, reason)
