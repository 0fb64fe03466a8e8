"""Take a capture from a running engine, and write it."""

import gzip
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from aiops.cli.capture.about import Capture, about
from aiops.cli.capture.metrics import request_metrics
from aiops.cli.capture.window import window_of
from aiops.cli.remote import NotAnswered, Remote, TooLarge
from aiops.cli.terminal.ending import Failed
from aiops.model import Change, SpanKind, Window
from aiops.model.names import HTTP_ROUTE, SERVICE_NAME
from aiops.presentation.documents.base import Json
from aiops.sources.files.pseudonyms import Pseudonyms

AT_ONCE: Final = 30.0
"""Seconds of spans in one question; less where they are too many."""
LEAST: Final = 0.001
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """What to capture. `before`: seconds of normal telemetry before the trouble. `plain`: keep all names."""

    incident: str
    file: Path
    before: float
    plain: bool = False
    keep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenCapture:
    """What was written. complete: all spans of the time. counted: with the requests of services whose spans are not
    all, as metrics."""

    window: Window
    spans: int
    complete: bool
    counted: bool
    changes: int
    objectives: int
    names: Pseudonyms


Watching = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: takes the seconds of the whole, and gives what is called with how many more are done."""


def take_capture(engine: Remote, wish: Wish, watching: Watching) -> TakenCapture:
    """Write a capture to a file that does not exist yet. Raises NotAnswered or Failed."""
    incident = engine.incident(wish.incident)
    window = window_of(incident, wish.before, time.time())
    names = Pseudonyms(secrets.token_bytes(KEY_BYTES), wish.keep)
    kept = _kept(engine, window, names, wish.plain)
    first = about(window.start, window.end, kept, _found(incident, names, wish.plain))
    spans, complete, served = 0, True, Counter[str]()
    with _new(wish.file) as out, watching(round(window.seconds)) as progress:
        _write(out, first)
        for part, answer in _spans(engine, window):
            complete &= answer.pop("complete")
            if count := sum(1 for _ in _each(answer)):
                _write(out, answer if wish.plain else names.export(answer))
            spans += count
            served.update(_served(answer))
            progress(round(part.end - part.start))
        counted = 0
        for export in request_metrics(engine, window, served):
            counted += len(export["resourceMetrics"])
            _write(out, export if wish.plain else names.export(export))
        if not spans:
            raise Failed(f"the engine has no spans of {wish.incident} any more; older ones than its retention are gone")
    documents = kept.objectives.count("\n---\n") + 1 if kept.objectives else 0
    return TakenCapture(
        window=window,
        spans=spans,
        complete=complete,
        counted=counted > 0,
        changes=len(kept.changes),
        objectives=documents,
        names=names,
    )


def _each(answer: Json) -> Iterator[tuple[Json, Json]]:
    """Yield the spans of an answer, each after its resource."""
    for group in answer["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                yield group["resource"], span


def _served(answer: Json) -> Iterator[str]:
    """Yield the service of each request that a span tells was served."""
    for resource, span in _each(answer):
        if span["kind"] in (SpanKind.SERVER, SpanKind.CONSUMER):
            yield next(
                (one["value"]["stringValue"] for one in resource["attributes"] if one["key"] == SERVICE_NAME), ""
            )


def _spans(engine: Remote, window: Window) -> Iterator[tuple[Window, Json]]:
    """Ask for part after part, shorter ones where the answer would be too large."""
    start, length = window.start, AT_ONCE
    while start < window.end:
        part = Window(start, min(start + length, window.end))
        try:
            yield part, engine.spans(part)
        except TooLarge:
            if length <= LEAST:
                raise
            length = max(length / 4, LEAST)
            continue
        start, length = part.end, min(length * 2, AT_ONCE)


def _kept(engine: Remote, window: Window, names: Pseudonyms, plain: bool) -> Capture:
    changes = [_change(one) for one in engine.changes(window)]
    objectives = engine.objectives()
    if not plain:
        changes = [
            Change(
                at=one.at,
                who=one.who,
                kind=one.kind,
                service=names.text(one.service, "services of changes"),
                version=names.text(one.version, "versions of changes"),
                text=names.text(one.text, "texts of changes"),
            )
            for one in changes
        ]
        objectives = [names.objective(one) for one in objectives]
    return Capture(tuple(changes), "\n---\n".join(json.dumps(one) for one in objectives))


def _change(of: Json) -> Change:
    return Change(
        at=datetime.fromisoformat(of["at"]).timestamp(),
        who=of["who"],
        kind=of["kind"],
        service=of["service"],
        version=of["version"] or "",
        text=of["text"] or "",
    )


def _found(incident: Json, names: Pseudonyms, plain: bool) -> Json:
    """Return what the engine found, to compare with what a replay finds."""
    cause = incident["root_cause"] or {}
    found: dict[str, Any] = {key: cause.get(key) for key in ("service", "endpoint", "method", "kind", "caller")}
    if not plain:
        kept = {"service": SERVICE_NAME, "endpoint": HTTP_ROUTE, "caller": SERVICE_NAME}
        found |= {key: names.text(found[key]) for key, of in kept.items() if found[key] and of not in names.keep}
    wanted = ("id", "state", "severity", "onset", "first_detected", "resolved_at")
    return {**{key: incident[key] for key in wanted}, "root_cause": found if cause else None}


def _write(out: IO[bytes], document: Json) -> None:
    out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


class _new:
    """A new file, compressed by gzip, that is removed again where it was not completed. Raises Failed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._raw = path.open("xb")
        except FileExistsError:
            raise Failed(f"{path} exists already, and is not overwritten; give another name with -o") from None
        except OSError as error:
            raise Failed(f"cannot write {path}: {error.strerror}") from None

    def __enter__(self) -> IO[bytes]:
        self._out = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0)
        return self._out  # type: ignore[return-value]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            self._out.close()
            self._raw.close()
        except OSError as problem:
            self._path.unlink(missing_ok=True)
            raise Failed(f"cannot write {self._path}: {problem.strerror}") from None
        if kind is not None:
            self._path.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, NotAnswered):
            raise Failed(f"cannot write {self._path}: {error.strerror}") from None
