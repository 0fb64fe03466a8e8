"""The answer of Tempo to a trace by id, converted to a Trace."""

from functools import cache
from typing import Any, Final

import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from aiops.model import Span, Trace, names
from aiops.sources.common import spans
from aiops.sources.common.attributes import mapping

PARTIAL: Final = 1
_LATEST: Final = 2**63 - 1


def trace(body: bytes) -> tuple[Trace | None, str]:
    """Read an answer of `/api/v2/traces/{id}`, in protobuf or JSON: the trace, and why it is not complete ("" if it
    is). An unknown trace is None. Spans without valid ids or times are left out. Raises ValueError."""
    try:
        if body[:1] == b"{":  # protobuf never begins with this byte: it would start a group
            answer = json_format.ParseDict(orjson.loads(body), _answer()(), ignore_unknown_fields=True)
        else:
            answer = _answer().FromString(body)
    except (DecodeError, json_format.ParseError, RecursionError, TypeError, AttributeError) as problem:
        raise ValueError(str(problem)) from problem
    said = (answer.message or "a part is missing") if answer.status == PARTIAL else ""
    found = _spans(answer.trace)
    return (Trace(found[0].trace_id, tuple(found)) if found else None), said


def _spans(data: TracesData) -> list[Span]:
    rows: list[tuple[dict[str, Any], dict[str, str]]] = []
    for group in data.resource_spans:
        resource = mapping(group.resource.attributes)
        who = {
            "service": resource.get(names.SERVICE_NAME) or spans.UNKNOWN_SERVICE,
            "instance": resource.get(names.SERVICE_INSTANCE, ""),
            "version": resource.get(names.SERVICE_VERSION, ""),
        }
        for scope in group.scope_spans:
            for one in scope.spans:
                if not spans.mend(one) and not spans.unfit(one, 0, _LATEST):
                    rows.append((dict(zip(spans.COLUMNS, spans.row(one, 0), strict=True)) | who, resource))
    rows.sort(key=lambda pair: (pair[0]["start_ns"], pair[0]["span_id"]))
    return [spans.span(row, resource) for row, resource in rows]


@cache
def _answer() -> Any:
    """Return Tempo's TraceByIDResponse: its `trace` has the shape of TracesData. Unknown fields are skipped."""
    field = descriptor_pb2.FieldDescriptorProto
    data = TracesData.DESCRIPTOR
    file = descriptor_pb2.FileDescriptorProto(
        name="aiops/tempo.proto", package="aiops.tempo", syntax="proto3", dependency=[data.file.name]
    )
    answer = file.message_type.add(name="TraceByIDResponse")
    answer.field.add(
        name="trace", number=1, label=field.LABEL_OPTIONAL, type=field.TYPE_MESSAGE, type_name=f".{data.full_name}"
    )
    status = answer.enum_type.add(name="PartialStatus")
    status.value.add(name="COMPLETE", number=0)
    status.value.add(name="PARTIAL", number=PARTIAL)
    answer.field.add(
        name="status",
        number=3,
        label=field.LABEL_OPTIONAL,
        type=field.TYPE_ENUM,
        type_name=".aiops.tempo.TraceByIDResponse.PartialStatus",
    )
    answer.field.add(name="message", number=4, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    made: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName("aiops.tempo.TraceByIDResponse"))
    return made
