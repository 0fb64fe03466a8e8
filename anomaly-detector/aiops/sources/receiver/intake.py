"""One export in the receiver process: parse, decode, hand over, wait for the commit."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Connection
from typing import Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from aiops.access import Limit, address_key, hashed
from aiops.model.errors import MessageError
from aiops.sources.common.caps import Roll
from aiops.sources.duckdb import schema
from aiops.sources.receiver import otlp_json, otlp_proto
from aiops.sources.receiver.admission import Admitted
from aiops.sources.receiver.batch import Batch, pack, unpack_acks
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_logs import LogBudget, take_logs
from aiops.sources.receiver.decode_metrics import take_metrics
from aiops.sources.receiver.decode_spans import take_spans
from aiops.sources.receiver.known import Known
from aiops.sources.receiver.wire import TooMany

COMMIT_SECONDS: Final = 30.0
LARGE_BYTES: Final = 1 << 20
LOG_SHARE: Final = 4
"""Exports of logs have one in so many of the places, and besides: a flood of logs refuses no spans."""


class Signal(Enum):
    """The kinds of export, by their path over HTTP."""

    TRACES = "/v1/traces"
    METRICS = "/v1/metrics"
    LOGS = "/v1/logs"


_REQUESTS: Final = {
    Signal.TRACES: traces.ExportTraceServiceRequest.DESCRIPTOR.name,
    Signal.METRICS: metrics.ExportMetricsServiceRequest.DESCRIPTOR.name,
    Signal.LOGS: logs.ExportLogsServiceRequest.DESCRIPTOR.name,
}


class Refusal(Enum):
    """Why an export was not accepted: code of gRPC, status of HTTP."""

    INVALID = (3, 400)
    UNAUTHENTICATED = (16, 401)
    FULL = (8, 429)
    TOO_LARGE = (8, 413)
    UNAVAILABLE = (14, 503)


class ExportRejected(MessageError):
    """An export was not accepted; nothing of it is stored."""

    def __init__(self, refusal: Refusal, message: str, seconds: int = 1) -> None:
        """`seconds`: when to send again, where that may help."""
        super().__init__(message)
        self.refusal, self.seconds = refusal, seconds


@dataclass(frozen=True, slots=True)
class Most:
    """How much is taken: exports that wait at a time; exports of a sender in a minute, 0 for any number; log records of
    a service that are stored each second."""

    waiting: int
    exports: int = 0
    logs: int = 1000


@dataclass(slots=True)
class _Waiting:
    done: threading.Event
    committed: bool = False


class Intake:
    """The path of exports from the protocols to the owner of the store. Thread-safe."""

    def __init__(
        self,
        pipe: Connection,
        admitted: Admitted | None,
        retention_seconds: float,
        most: Most,
        now: Callable[[], float] = time.time,
        roll: Roll | None = None,
    ) -> None:
        self._roll = roll or Roll(period_seconds=retention_seconds, now=now)
        self._pipe = pipe
        self.admitted = admitted
        self._retention = retention_seconds
        self._places = threading.Semaphore(most.waiting)
        self._log_places = threading.Semaphore(max(1, most.waiting // LOG_SHARE))
        self._budget = LogBudget(most.logs)
        self._large = threading.Lock()
        self._now = now
        self._known = Known()
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0
        self._lock = threading.Lock()
        self._most = most.exports
        self._limit = Limit.per_minute(most.exports) if most.exports else None
        self._limiting = threading.Lock()
        self.limited = 0

    def count(self, authorization: str, address: str) -> None:
        """Count an export for its sender: a token at an address. Raises ExportRejected where there were too many."""
        if self._limit is None:
            return
        with self._limiting:
            seconds = self._limit.wait(f"{hashed(authorization)} {address_key(address)}", self._now())
            self.limited += bool(seconds)
        if seconds:
            raise ExportRejected(
                Refusal.FULL,
                f"these are more than {self._most} exports in a minute, see the setting limit_exports; "
                f"send this one again in {seconds} s",
                seconds,
            )

    def admit(self, authorization: str) -> None:
        """Check the `Authorization` header. Raises ExportRejected."""
        admitted = self.admitted
        if admitted is None:
            return
        scheme, _, given = authorization.partition(" ")
        until = admitted.get(hashed(given.strip()), 0.0)
        if scheme.lower() != "bearer" or (until is not None and until <= self._now()):
            raise ExportRejected(
                Refusal.UNAUTHENTICATED, "this receiver wants `Authorization: Bearer <token>` with a known token"
            )

    def take(self, signal: Signal, body: bytes, json: bool = False) -> Message:
        """Store an export and return the response of OTLP. Blocks until the rows are committed. Raises
        ExportRejected."""
        places = self._log_places if signal is Signal.LOGS else self._places
        if not places.acquire(blocking=False):
            raise ExportRejected(Refusal.FULL, "the receiver's queue is full; send this export again in a moment")
        try:
            # Large exports one after another: in parallel they would be no faster, but need more memory at once.
            with self._large if len(body) > LARGE_BYTES else nullcontext():
                rows = self._decoding()
                response = _response(signal, body, json, rows, self._budget)
                batch = _batch(rows, signal)
            self._commit(rows, batch)
            return response
        finally:
            places.release()

    def tell(self, reasons: Mapping[str, int]) -> None:
        """Report counts that belong to no export. Raises OSError when the engine is gone."""
        with self._lock:
            self._last += 1
            self._pipe.send_bytes(pack(self._last, Batch(reasons=reasons)))

    def acknowledge(self, message: bytes) -> None:
        """Wake the exports that the parent answered."""
        for request, committed in unpack_acks(message):
            waiting = self._waiting.get(request)
            if waiting is not None:
                waiting.committed = committed
                waiting.done.set()

    def _decoding(self) -> Decoding:
        now = self._now()
        self._roll.turn()
        return Decoding(now, self._retention, lambda row: self._known.has(row, now), self._roll)

    def _commit(self, rows: Decoding, batch: Batch | None) -> None:
        if batch is None:
            return
        waiting = _Waiting(threading.Event())
        with self._lock:
            self._last += 1
            request = self._last
            self._waiting[request] = waiting
        try:
            message = pack(request, batch)
            with self._lock:
                self._pipe.send_bytes(message)
            answered = waiting.done.wait(COMMIT_SECONDS)
        except OSError as problem:
            raise ExportRejected(Refusal.UNAVAILABLE, "the engine is stopping") from problem
        finally:
            del self._waiting[request]
        if not (answered and waiting.committed):
            raise ExportRejected(Refusal.UNAVAILABLE, "the store did not take this export; its log says why")
        self._known.add((*rows.resources, *rows.series), rows.now)


def _response(signal: Signal, body: bytes, json: bool, rows: Decoding, budget: LogBudget) -> Message:
    """Decode an export into rows, and return the response. Raises ExportRejected."""
    form = otlp_json if json else otlp_proto
    try:
        match signal:
            case Signal.TRACES:
                for sender, spans in form.spans(body, rows):
                    take_spans(sender, spans, rows)
                response = traces.ExportTraceServiceResponse()
                if said := rows.said():
                    response.partial_success.rejected_spans = rows.rejected.count
                    response.partial_success.error_message = said
                return response
            case Signal.METRICS:
                for sender, sent in form.metrics(body, rows):
                    take_metrics(sender, sent, rows)
                answer = metrics.ExportMetricsServiceResponse()
                if said := rows.said():
                    answer.partial_success.rejected_data_points = rows.rejected.count
                    answer.partial_success.error_message = said
                return answer
            case Signal.LOGS:
                told = logs.ExportLogsServiceResponse()
                for sender, records in form.logs(body, rows):
                    take_logs(sender, records, rows, budget)
                if said := rows.said():
                    told.partial_success.rejected_log_records = rows.rejected.count
                    told.partial_success.error_message = said
                return told
    except TooMany as problem:
        raise ExportRejected(Refusal.TOO_LARGE, str(problem)) from problem
    except ValueError as problem:
        kind = "JSON" if json else "protobuf"
        raise ExportRejected(
            Refusal.INVALID, f"the body is no {_REQUESTS[signal]} in {kind}: {str(problem)[:200]}"
        ) from problem


def _batch(rows: Decoding, signal: Signal) -> Batch | None:
    """Return what is to be committed; None for nothing."""
    reasons = rows.reasons()
    if not (rows.spans or rows.points or rows.logs or reasons):
        return None
    rejected = rows.rejected.count
    return Batch(
        resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
        series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
        points=schema.arrow_table(schema.POINTS, rows.points),
        spans=schema.arrow_table(schema.SPANS, rows.spans),
        logs=schema.arrow_table(schema.LOGS, rows.logs),
        rejected_spans=rejected if signal is Signal.TRACES else 0,
        rejected_points=rejected if signal is Signal.METRICS else 0,
        reasons=reasons,
        folded=rows.roll.folded(),
        lost=rows.lost.counts,
    )
