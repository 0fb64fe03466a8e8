"""A Tempo in this process, as far as the engine asks: searches by one set of conditions, traces by id, values of a tag.

As Tempo 3.0.3 it reads a question of less than 1,024 bytes. It counts what it is asked, and can be made to refuse or
to be away.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import CodeType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

NANO = 1_000_000_000
KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
STATUSES = {"unset": 0, "ok": 1, "error": 2}
LONGEST = 1024
TOKEN = re.compile(
    r'\s*(?:(?P<field>(?:resource|span|event)\.(?:[\w.]+|"(?:[^"\\]|\\.)*"))|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<time>\d+)ns|(?P<number>\d+(?:\.\d+)?)|(?P<word>\w+)|(?P<sign>&&|\|\||!=|=~|>=|<=|[=<>!()]))"
)
SIGNS = {"&&": " and ", "||": " or ", "=": " == ", "!": " not ", "=~": " @ "}


def values(pairs: "Iterator[KeyValue] | Any") -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in pairs}


@dataclass(frozen=True)
class Kept:
    """A span with the attributes of its resource."""

    span: Span
    resource: Mapping[str, Any]

    @cached_property
    def attributes(self) -> dict[str, Any]:
        return values(self.span.attributes)

    def holds(self, condition: CodeType) -> bool:
        """Whether a condition of TraceQL, translated to Python, holds for it."""
        known = {
            "kind": self.span.kind,
            "status": self.span.status.code,
            "name": _Text(self.span.name),
            "statusMessage": _Text(self.span.status.message),
            "text": re.compile,
            "duration": self.span.end_time_unix_nano - self.span.start_time_unix_nano,
            "event": lambda key: _Text(
                *(said for one in self.span.events if isinstance(said := values(one.attributes).get(key), str))
            ),
            "resource": lambda key: _Value(self.resource.get(key)),
            "span": lambda key: _Value(self.attributes.get(key)),
        }
        return bool(eval(condition, {"__builtins__": {}}, known))


class _Text:
    """Texts of a span: they are searched as a whole by regular expressions."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def __eq__(self, other: object) -> bool:
        return other in self.texts

    def __matmul__(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.fullmatch(one) for one in self.texts)

    __hash__ = None  # type: ignore[assignment]


class _Value:
    """An attribute: it compares with what has its type, and with nothing else."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def _alike(self, other: Any) -> bool:
        return self.value is not None and type(self.value) is type(other)

    def __eq__(self, other: object) -> bool:
        return self._alike(other) and self.value == other

    def __ne__(self, other: object) -> bool:
        return self.value is not None if other is None else self._alike(other) and self.value != other

    def __lt__(self, other: Any) -> bool:
        return self._alike(other) and self.value < other

    def __ge__(self, other: Any) -> bool:
        return self._alike(other) and self.value >= other

    __hash__ = None  # type: ignore[assignment]


def translated(query: str) -> CodeType:
    """The conditions of one spanset as an expression of Python. Raises ValueError for what is not one."""
    inner = re.fullmatch(r"\{(.*)\}(?: with \(most_recent=true\))?", query, re.DOTALL)
    if inner is None:
        raise ValueError(f"not one spanset: {query}")
    text, at, out = inner[1].strip(), 0, []
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"unexpected {text[at : at + 20]!r}")
        at = found.end()
        match found.lastgroup:
            case "text":
                out.append(
                    f"text({json.loads(found['text'])!r})" if out[-1:] == [" @ "] else repr(json.loads(found["text"]))
                )
            case "time" | "number":
                out.append(found["time"] or found["number"])
            case "field":
                scope, _, key = found["field"].partition(".")
                key = json.loads(key) if key.startswith('"') else key
                out.append(f"{scope}({key!r})")
            case "word":
                word = {"true": "True", "false": "False"}.get(found["word"], found["word"])
                out.append(str({**KINDS, **STATUSES, "nil": None}.get(word, word)))
            case _:
                out.append(SIGNS.get(found["sign"], f" {found['sign']} "))
    return compile("".join(out).strip() or "True", query, "eval")


@dataclass
class FakeTempo:
    """Serves what it was fed on a loopback port.

    `refuses` says which questions are refused; `asked` and `read` are the questions and ids so far.
    """

    refuses: Callable[[str], bool] = lambda _: False
    away: bool = False
    asked: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    _traces: dict[str, list[Kept]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tempo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                status, kind, body = tempo.answer(unquote(asked.path), dict(parse_qsl(asked.query)))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def feed(self, *exports: ExportTraceServiceRequest) -> None:
        for export in exports:
            for group in export.resource_spans:
                resource = values(group.resource.attributes)
                for scope in group.scope_spans:
                    for span in scope.spans:
                        self._traces.setdefault(span.trace_id.hex(), []).append(Kept(span, resource))

    def answer(self, path: str, given: Mapping[str, str]) -> tuple[int, str, bytes]:
        if self.away:
            return 500, "text/plain", b"away"
        if path.startswith("/api/v2/traces/"):
            return 200, "application/protobuf", self._trace(path.rpartition("/")[2])
        if path.startswith("/api/v2/search/tag/"):
            names = {str(one.resource["service.name"]) for spans in self._traces.values() for one in spans}
            return 200, "application/json", json.dumps({"tagValues": [{"value": one} for one in names]}).encode()
        if path.startswith("/api/metrics"):
            return 200, "application/json", b"{}"
        query = given["q"]
        self.asked.append(query)
        if len(query.encode()) >= LONGEST:
            return 400, "text/plain", b"parse error at line 1, col 1025: syntax error: unexpected $end"
        if self.refuses(query):
            return 400, "text/plain", b"this question is refused"
        found = self._search(translated(query), int(given["start"]) * NANO, int(given["end"]) * NANO)
        found.sort(key=lambda one: -int(one["startTimeUnixNano"]))
        body = {"traces": found[: int(given["limit"])]}
        return 200, "application/json", json.dumps(body).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _search(self, condition: CodeType, start: int, end: int) -> list[dict[str, Any]]:
        out = []
        for trace_id, spans in self._traces.items():
            first = min(one.span.start_time_unix_nano for one in spans)
            last = max(one.span.end_time_unix_nano for one in spans)
            matched = [one.span for one in spans if first <= end and last >= start and one.holds(condition)]
            if matched:
                told = [
                    {
                        "startTimeUnixNano": str(one.start_time_unix_nano),
                        "durationNanos": str(one.end_time_unix_nano - one.start_time_unix_nano),
                    }
                    for one in matched
                ]
                sets = [{"spans": told, "matched": len(told)}]
                out.append({"traceID": trace_id.lstrip("0"), "startTimeUnixNano": str(first), "spanSets": sets})
        return out

    def _trace(self, trace_id: str) -> bytes:
        self.read.append(trace_id)
        data = TracesData()
        for one in self._traces.get(trace_id, ()):
            group = data.resource_spans.add()
            for key, value in one.resource.items():
                group.resource.attributes.add(key=key).value.string_value = str(value)
            group.scope_spans.add().spans.append(one.span)
        body = data.SerializeToString()
        return b"\x0a" + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
