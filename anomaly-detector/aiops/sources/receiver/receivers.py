"""The receiver process as its parent sees it: start, stop, and commit what it sends."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import orjson

from aiops.config import LOOPBACK
from aiops.http.serving import TlsFiles
from aiops.model.errors import SourceError
from aiops.process.faultpoints import FaultPoint, reach
from aiops.sources.common.caps import Limits
from aiops.sources.duckdb import heard
from aiops.sources.duckdb.logs import LogStore
from aiops.sources.duckdb.store import Store
from aiops.sources.receiver import link
from aiops.sources.receiver.admission import Admitted, admitted_by, pack_admitted
from aiops.sources.receiver.batch import Batch, merge, pack_acks, unpack
from aiops.sources.receiver.log_writer import LogWriter

log = logging.getLogger(__name__)

RECEIVER: Final = "aiops.sources.receiver.receiver"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
# One commit takes what is waiting, up to this size: a commit must stay short.
GROUP_BYTES: Final = 8 << 20
# The shortest time between the beginnings of two commits: the cost of a commit hardly depends on its size, so that
# under load commits get larger. A single export is committed at once.
GROUP_SECONDS: Final = 0.1


class CannotListen(SourceError):
    """A port is not available for the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where and how to receive. Port 0 takes any free port. tokens: name to secret; None means that everybody may
    send. max_bytes limits one export, queue the exports being stored at a time: admitted of further ones are asked to
    try again. public_url, allowed_hosts and cors_origins as in `config.Settings`. exports: most of a sender in a
    minute, 0 for any number. tls: what TLS is served with, None for no TLS. limits: the numbers of names that are
    told apart. logs_per_second: the records of one service that are stored."""

    host: str = "127.0.0.1"
    grpc_port: int = 4317
    http_port: int = 4318
    tokens: Mapping[str, str] | None = None
    max_bytes: int = 16 << 20
    queue: int = 12
    public_url: str = ""
    allowed_hosts: str = ""
    cors_origins: str = ""
    exports: int = 0
    tls: TlsFiles | None = None
    limits: Limits = field(default_factory=Limits)
    logs_per_second: int = 1000


class Receivers:
    """OTLP over gRPC and HTTP in a separate process, which ends when this one does."""

    def __init__(self, store: Store, listen: Listen, retention_seconds: float, logs: LogStore | None = None) -> None:
        """Without a store of logs they are accepted and dropped."""
        self._store, self._logs = store, logs
        self._log_writer: LogWriter | None = None
        self._listen = listen
        self._admitted: Admitted | None = None if listen.tokens is None else admitted_by(listen.tokens.values())
        self._sending = threading.Lock()
        self._retention = retention_seconds
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._thread: threading.Thread | None = None
        self.grpc_port = listen.grpc_port
        self.http_port = listen.http_port
        self._folded: Counter[str] = Counter()

    @property
    def pid(self) -> int | None:
        """The process id of the receiver while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process and wait until both ports listen. Raises CannotListen (a SourceError)."""
        self._stopping.clear()
        if self._logs is not None:
            self._log_writer = LogWriter(self._logs, self._answer)
        self._launch()
        self._thread = threading.Thread(target=self._run, name="commit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the receiver answer what is in progress, then end it."""
        self._stopping.set()
        if self._process is None or self._pipe is None or self._thread is None:
            return
        try:
            self._send(self._pipe, b"")
        except OSError:
            log.debug("the receiver has left already")
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        if self._log_writer is not None:
            self._log_writer.close()
        self._pipe.close()

    def admit(self, admitted: Admitted) -> None:
        """Let these send from now on, unless everybody may."""
        if self._admitted is None:
            return
        self._admitted = admitted
        if self._pipe is not None:
            try:
                self._send(self._pipe, pack_admitted(admitted))
            except OSError:
                log.debug("the receiver has left; the next one is told when it starts")

    def _send(self, pipe: Connection, message: bytes) -> None:
        with self._sending:
            pipe.send_bytes(message)

    def folded(self) -> dict[str, int]:
        """Return what was counted as `other` since the last call, by limit."""
        folded, self._folded = self._folded, Counter()
        return dict(folded)

    def _launch(self) -> None:
        root = str(Path(__file__).parents[3])
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OPENBLAS_NUM_THREADS": "1",
            # A port that is not available is reported once, by us.
            "GRPC_VERBOSITY": "NONE",
        }
        try:
            self._process, self._pipe = link.launch([sys.executable, "-P", "-m", RECEIVER], env)
        except OSError as problem:
            raise SourceError(f"the OTLP receiver did not start: {problem}") from problem
        listen = self._listen
        settings = {
            "host": listen.host,
            "grpc_port": self.grpc_port,
            "http_port": self.http_port,
            # Over the socket, because others can read arguments and environments.
            "admitted": self._admitted,
            "max_bytes": listen.max_bytes,
            "queue": listen.queue,
            "on_loopback": listen.host in LOOPBACK,
            "public_url": listen.public_url,
            "allowed_hosts": listen.allowed_hosts,
            "cors_origins": listen.cors_origins,
            "exports": listen.exports,
            "tls": None if listen.tls is None else asdict(listen.tls),
            "retention_seconds": self._retention,
            "limits": asdict(listen.limits),
            "logs_per_second": listen.logs_per_second,
            "heard": heard.read_heard(self._store, listen.limits.series),
        }
        answer = self._handshake(orjson.dumps(settings))
        if "certificate" in answer:
            self._abandon()
            raise SourceError(answer["certificate"])
        if "reason" in answer:
            self._abandon()
            protocol, port = answer["protocol"], answer["port"]
            raise CannotListen(
                f"OTLP over {protocol} cannot listen on {listen.host}:{port}, which another program may hold; "
                f"stop it or change the setting {protocol.lower()}_port ({_first_line(answer['reason'])})"
            )
        self.grpc_port, self.http_port = answer["grpc"], answer["http"]

    def _handshake(self, settings: bytes) -> dict[str, Any]:
        assert self._pipe is not None
        try:
            self._pipe.send_bytes(settings)
            if self._pipe.poll(START_SECONDS):
                answer: dict[str, Any] = orjson.loads(self._pipe.recv_bytes())
                return answer
        except (EOFError, OSError) as problem:
            self._abandon()
            raise SourceError("the OTLP receiver ended while it started; its messages stand above") from problem
        self._abandon()
        raise SourceError(f"the OTLP receiver did not listen within {START_SECONDS:.0f} seconds")

    def _abandon(self) -> None:
        assert self._process is not None
        assert self._pipe is not None
        self._pipe.close()
        self._process.kill()
        self._process.wait()
        self._process = self._pipe = None

    def _run(self) -> None:
        """Commit until stopped; a receiver that died is started again on the same ports."""
        pause = 0.5
        while not self._stopping.is_set():
            try:
                self._commit_all()
            except (EOFError, OSError):
                if self._stopping.is_set():
                    return
            except Exception:
                log.exception("what the OTLP receiver sent could not be taken")
                self._end()
            log.error("the OTLP receiver ended; starting it again")
            while not self._stopping.wait(pause):
                try:
                    self._launch()
                    pause = 0.5
                    break
                except SourceError as problem:
                    log.error("%s", problem)
                    pause = min(pause * 2, 30.0)

    def _end(self) -> None:
        """End a receiver that runs but sends malformed messages."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _commit_all(self) -> None:
        """Group commit: take what is waiting, commit once, answer all of it. Ends with EOFError."""
        pipe = self._pipe
        if pipe is None:
            raise EOFError
        due = 0.0
        while True:
            messages = [pipe.recv_bytes()]
            while sum(map(len, messages)) < GROUP_BYTES and pipe.poll(max(0.0, due - time.monotonic())):
                messages.append(pipe.recv_bytes())
            due = time.monotonic() + GROUP_SECONDS
            taken = [unpack(message) for message in messages]
            committed = self._commit(merge([replace(batch, logs=None) for _, batch in taken]))
            reach(FaultPoint.RECEIVE_COMMITTED)
            waiting = {request for request, batch in taken if committed and self._queued(request, batch)}
            done = [request for request, batch in taken if request not in waiting and not self._wants_logs(batch)]
            refused = [request for request, batch in taken if request not in waiting and self._wants_logs(batch)]
            for requests, answer in ((done, committed), (refused, False)):
                if requests:
                    self._send(pipe, pack_acks(requests, answer))

    def _wants_logs(self, batch: Batch) -> bool:
        return batch.logs is not None and self._log_writer is not None

    def _queued(self, request: int, batch: Batch) -> bool:
        """Whether the records of an export wait for their commit."""
        return batch.logs is not None and self._log_writer is not None and self._log_writer.put(request, batch.logs)

    def _answer(self, requests: list[int], committed: bool) -> None:
        """Answer exports of logs. The receiver may have left meanwhile: then nobody waits for it."""
        pipe = self._pipe
        if pipe is not None:
            with contextlib.suppress(OSError):
                self._send(pipe, pack_acks(requests, committed))

    def _commit(self, batch: Batch) -> bool:
        try:
            self._store.append(
                resources=batch.resources,
                series=batch.series,
                points=batch.points,
                spans=batch.spans,
                lost=batch.lost,
            )
        except SourceError as problem:
            log.error("%s", problem)
            return False
        self._store.reject(batch.rejected_spans, batch.rejected_points, batch.reasons)
        self._folded.update(batch.folded)
        return True


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:160] if text.strip() else "no reason given"
