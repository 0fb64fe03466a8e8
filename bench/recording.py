"""What real applications sent, made small: a few traces of each phase, and what each phase adds to their counters.

    python -m bench.recording receive 4318 raw.jsonl                 # beside an application that exports to this port
    python -m bench.recording shorten raw.jsonl phases.json OUT      # phases: [["", 1795000000.0], ["error", …], …]

A phase is "" while all is well, else the name of the fault; each lasts until the next begins, and the last entry ends
the recording. Ids are numbered anew, and only attributes that conventions speak of are kept: no host, user, path or
process.
"""

import argparse
import base64
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

TRACES: Final = 6
"""Traces that are kept of a phase."""
MARGIN: Final = 1.5
"""Seconds at both ends of a phase that belong to neither."""
RESOURCE: Final = ("service.", "telemetry.sdk.")
DROPPED: Final = (
    "thread.",
    "user_agent",
    "code.",
    "net.peer.ip",
    "network.peer",
    "client.",
    "exception.stacktrace",
    "celery.hostname",
    "messaging.client_id",
    "http.user_agent",
    "http.client_ip",
    "net.sock.",
    "http.flavor",
)
KEPT_METRICS: Final = (".server.duration", ".server.request.duration", ".server.call.duration")

Value = str | int | float | bool | list[Any]


def attributes(pairs: Sequence[KeyValue], resource: bool = False) -> dict[str, Value]:
    """Attributes that may be shown, as plain values."""

    def plain(value: Any) -> Value:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [plain(one) for one in value.array_value.values]
        return getattr(value, kind) if kind else ""

    chosen = [one for one in pairs if one.key.startswith(RESOURCE)] if resource else pairs
    return {one.key: plain(one.value) for one in chosen if not one.key.startswith(DROPPED)}


class Shortening:
    """Takes raw exports in and gives the recording."""

    def __init__(self, phases: Sequence[tuple[str, float]]) -> None:
        self._phases = phases
        self._spans: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
        self._points: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
        self._ids: dict[bytes, int] = {}
        self._resources: list[dict[str, Value]] = []

    def phase(self, at: float) -> str | None:
        """The phase of a time; None near a border."""
        for (name, begins), (_, ends) in zip(self._phases, self._phases[1:], strict=False):
            if begins + MARGIN <= at < ends - MARGIN:
                return name
        return None

    def traces(self, export: ExportTraceServiceRequest) -> None:
        for group in export.resource_spans:
            resource = self._resource(attributes(group.resource.attributes, resource=True))
            for scope in group.scope_spans:
                for span in scope.spans:
                    self._spans[span.trace_id].append(
                        {
                            "resource": resource,
                            "scope": scope.scope.name,
                            "id": self._id(span.span_id),
                            "parent": self._id(span.parent_span_id),
                            "name": span.name,
                            "kind": span.kind,
                            "start": span.start_time_unix_nano / 1e6,
                            "ms": round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6, 3),
                            "status": span.status.code,
                            "message": span.status.message[:200],
                            "attributes": attributes(span.attributes),
                            "events": [
                                {"name": one.name, "attributes": attributes(one.attributes)}
                                for one in span.events
                                if one.name == "exception"
                            ],
                            "links": [[self._id(one.trace_id), self._id(one.span_id)] for one in span.links],
                            "trace": self._id(span.trace_id),
                        }
                    )

    def metrics(self, export: ExportMetricsServiceRequest) -> None:
        for group in export.resource_metrics:
            resource = self._resource(attributes(group.resource.attributes, resource=True))
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    if not metric.name.endswith(KEPT_METRICS) or metric.WhichOneof("data") != "histogram":
                        continue
                    for point in metric.histogram.data_points:
                        series = {
                            "resource": resource,
                            "metric": metric.name,
                            "unit": metric.unit,
                            "bounds": list(point.explicit_bounds),
                            "attributes": attributes(point.attributes),
                            "process": str(point.start_time_unix_nano),
                        }
                        value = {"count": point.count, "sum": point.sum, "buckets": list(point.bucket_counts)}
                        self._points[json.dumps(series, sort_keys=True)].append((point.time_unix_nano / 1e9, value))

    def recording(self) -> dict[str, Any]:
        """Phases with their traces, `TRACES` of each, and what all its traces add to each counter."""
        found: dict[str, list[list[dict[str, Any]]]] = defaultdict(list)
        count: dict[str, int] = defaultdict(int)
        joined = self._joined()
        for spans in sorted(joined, key=lambda one: min(span["start"] for span in one)):
            phase = self.phase(min(span["start"] for span in spans) / 1000)
            if phase is not None:
                count[phase] += 1
                found[phase].append(spans)
        phases = {}
        for name, traces in found.items():
            every = max(len(traces) // TRACES, 1)
            phases[name or "good"] = {
                "traces": [list(_relative(one)) for one in traces[::every][:TRACES]],
                "counters": self._added(name, count[name]),
            }
        return {"resources": self._resources, "phases": phases}

    def _joined(self) -> list[list[dict[str, Any]]]:
        """Traces; those that a link joins are one."""
        groups: dict[int, list[dict[str, Any]]] = {}
        for spans in self._spans.values():
            groups[spans[0]["trace"]] = list(spans)
        for spans in list(groups.values()):
            for linked in {link[0] for span in spans for link in span["links"]}:
                if linked in groups and groups[linked] is not spans and spans[0]["trace"] in groups:
                    groups[linked] += groups.pop(spans[0]["trace"])
        return list(groups.values())

    def _added(self, phase: str, traces: int) -> list[dict[str, Any]]:
        out = []
        for number, (series, samples) in enumerate(sorted(self._points.items())):
            total: dict[str, Any] = {}
            before: dict[str, Any] | None = None
            for at, value in sorted(samples, key=lambda one: one[0]):
                base = before or {"count": 0, "sum": 0.0, "buckets": [0] * len(value["buckets"])}
                before = value
                if self.phase(at) != phase or self.phase(at - 5) != phase:
                    continue
                total = {
                    "count": total.get("count", 0) + value["count"] - base["count"],
                    "sum": round(total.get("sum", 0.0) + value["sum"] - base["sum"], 6),
                    "buckets": [
                        a + b - c
                        for a, b, c in zip(
                            total.get("buckets", [0] * len(value["buckets"])),
                            value["buckets"],
                            base["buckets"],
                            strict=True,
                        )
                    ],
                }
            if total.get("count"):
                out.append({**json.loads(series), "process": number, **total, "traces": traces})
        return out

    def _resource(self, of: dict[str, Value]) -> int:
        if of not in self._resources:
            self._resources.append(of)
        return self._resources.index(of)

    def _id(self, raw: bytes) -> int:
        return self._ids.setdefault(raw, len(self._ids) + 1) if raw else 0


def _relative(spans: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Times in ms since the first span, and only what is not empty."""
    first = min(span["start"] for span in spans)
    for span in sorted(spans, key=lambda one: one["start"]):
        out = {**span, "start": round(span["start"] - first, 3)}
        yield {key: value for key, value in out.items() if value or key in ("start", "ms", "resource")}


def receive(port: int, file: Path) -> None:
    """Write every export that comes to a port of this machine to a file, one a line, until Ctrl-C."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self._whole()
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps([time.time(), self.path, base64.b64encode(body).decode()]) + "\n")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _whole(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline().strip(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def shorten(raw: Path, phases: Path, out: Path) -> None:
    """Make a recording of raw exports; what `out` says already beside its phases stays."""
    one = Shortening([(name, at) for name, at in json.loads(phases.read_text("utf-8"))])
    for line in raw.read_text("utf-8").splitlines():
        _, path, body = json.loads(line)
        if path == "/v1/traces":
            one.traces(ExportTraceServiceRequest.FromString(base64.b64decode(body)))
        elif path == "/v1/metrics":
            one.metrics(ExportMetricsServiceRequest.FromString(base64.b64decode(body)))
    said = json.loads(out.read_text("utf-8")) if out.exists() else {"name": out.stem, "versions": "", "truth": {}}
    out.write_text(written({**said, **one.recording()}), encoding="utf-8")


def written(recording: dict[str, Any]) -> str:
    """JSON with one line for each span and counter, so that a change can be read."""
    phases = recording.pop("phases")
    head = json.dumps(recording, indent=1, ensure_ascii=False)[:-2]
    parts = []
    for name, phase in phases.items():
        traces = ",\n".join(
            "   [" + ",\n    ".join(json.dumps(span, ensure_ascii=False) for span in trace) + "]"
            for trace in phase["traces"]
        )
        counters = ",\n".join("   " + json.dumps(one, ensure_ascii=False) for one in phase["counters"])
        parts.append(f'  {json.dumps(name)}: {{"traces": [\n{traces}\n  ], "counters": [\n{counters}\n  ]}}')
    return head + ',\n "phases": {\n' + ",\n".join(parts) + "\n }\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    taking = commands.add_parser("receive", help="record what is exported to a port")
    taking.add_argument("port", type=int)
    taking.add_argument("file", type=Path)
    making = commands.add_parser("shorten", help="make a small recording")
    for name in ("raw", "phases", "out"):
        making.add_argument(name, type=Path)
    given = parser.parse_args()
    if given.command == "receive":
        receive(given.port, given.file)
    else:
        shorten(given.raw, given.phases, given.out)


if __name__ == "__main__":
    main()
