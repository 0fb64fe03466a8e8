"""Run a replay: sort what is in files by time, then let an engine live through it."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from aiops.bootstrap.virtual import VirtualEngine, in_virtual_time
from aiops.cli.capture.about import Capture, captured
from aiops.cli.remote import with_evidence
from aiops.cli.replay.outcomes import ReplayOutcome
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.past import moment_of
from aiops.cli.terminal.progress import advancing
from aiops.config import Settings
from aiops.model import Window
from aiops.process import logs
from aiops.sources.common.caps import SAID, Limits, Roll
from aiops.sources.duckdb.staged import StagedTelemetry
from aiops.sources.files.batches import FileReader
from aiops.sources.files.exports import Found

MEMORY_MB: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was asked for; without a `folder` the store is temporary."""

    files: Sequence[Path]
    settings: Settings
    step: float | None
    since: str | None
    until: str | None
    folder: Path | None
    quiet: bool

    @property
    def place(self) -> str:
        """What was read, in words."""
        return ", ".join(str(one) for one in self.files)


def replayed(asked: Replay) -> ReplayOutcome:
    """Replay files. Raises UnreadableFile, SourceError, StoreError, StartError, UsageError, or Failed where there is
    nothing to judge."""
    logs.configure("error")
    with _stoppable(), _folder(asked.folder) as folder, tempfile.TemporaryDirectory(prefix="aiops-replay-") as sorting:
        staged = StagedTelemetry(Path(sorting))
        try:
            reader = _read(asked, staged)
            problems = [str(one) for one in reader.found.problems]
            window = _window(asked, staged, problems)
            capture = captured(reader.found.captures)
            settings = _settings(asked, folder, capture, Path(sorting))
            return _lived(asked, settings, staged, window, capture, problems, _notes(reader))
        finally:
            staged.close()


def _read(asked: Replay, staged: StagedTelemetry) -> FileReader:
    of = asked.settings
    limits = Limits(of.services_limit, of.routes_limit, of.callees_limit, of.processes_limit, of.series_limit)
    total = sum(one.stat().st_size for one in asked.files)
    with _progress(asked, "reading", total, "bytes") as done:
        reader = FileReader(Roll(limits, now=lambda: 0.0), done)
        for batch in reader.batches(asked.files):
            staged.add(resources=batch.resources, series=batch.series, points=batch.points, spans=batch.spans)
            reader.found.folded.update(batch.folded)
    return reader


def _lived(
    asked: Replay,
    settings: Settings,
    staged: StagedTelemetry,
    window: Window,
    capture: Capture,
    problems: list[str],
    notes: list[str],
) -> ReplayOutcome:
    step = settings.cycle_seconds
    with (
        in_virtual_time(settings, window.start, capture.changes) as engine,
        _progress(asked, "replaying", round(window.seconds), "seconds") as done,
    ):
        notes += _steps(engine, staged, window, step, done)
        incidents = [with_evidence(one, engine.store.evidence(one)) for one in engine.incidents()]
    spans, points = staged.counts(window)
    return ReplayOutcome(
        place=asked.place,
        window=window,
        step=step,
        spans=spans,
        points=points,
        services=staged.services(),
        incidents=incidents,
        problems=problems,
        notes=notes,
    )


def _steps(
    engine: VirtualEngine, staged: StagedTelemetry, window: Window, step: float, done: Callable[[int], None]
) -> Iterator[str]:
    """Live through the window; yields what is good to know about it."""
    before = window.start
    gaps: set[str] = set()
    for one in staged.slices(window, step):
        cycle = engine.live(one)
        if one.skipped:
            yield f"no telemetry for long: {one.skipped / 3600:.1f} h before {_shown(one.end)} were skipped"
        gaps.update(cycle.gaps)
        done(round(one.end - before))
        before = one.end
    yield from sorted(gaps)


def _window(asked: Replay, staged: StagedTelemetry, problems: Sequence[str]) -> Window:
    whole = staged.window()
    if whole is None:
        raise Failed("\n".join([*problems[:3], f"{asked.place}: there is no span and no point of metrics to judge"]))
    end = whole.end if asked.until is None else moment_of("--until", asked.until, whole.end)
    start = whole.start if asked.since is None else moment_of("--since", asked.since, end)
    start, end = max(start, whole.start), min(end, whole.end)
    if end <= start or not any(staged.counts(Window(start, end))):
        told = f"the telemetry goes from {_shown(whole.start)} to {_shown(whole.end)}"
        raise click.UsageError(f"there is nothing between --since and --until: {told}")
    return Window(start, end)


def _settings(asked: Replay, folder: Path, capture: Capture, scratch: Path) -> Settings:
    changed: dict[str, Any] = {"data_dir": folder, "memory_limit_mb": MEMORY_MB}
    if asked.step is not None:
        changed["cycle_seconds"] = asked.step
    if not asked.settings.objectives and capture.objectives:
        file = scratch / "objectives.yaml"
        file.write_text(capture.objectives, encoding="utf-8")
        changed["objectives"] = str(file)
    return asked.settings.model_copy(update=changed)


def _notes(reader: FileReader) -> list[str]:
    found: Found = reader.found
    notes = [SAID[limit] for limit in sorted(found.folded)]
    if found.logs:
        notes.append(f"{found.logs:,} exports of logs were skipped: the engine uses traces and metrics")
    return notes


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """Yield an empty folder; a named one stays, unless the replay does not come to its end."""
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="aiops-replay-") as folder:
            yield Path(folder)
        return
    there = wanted.exists()
    if there and (not wanted.is_dir() or any(wanted.iterdir())):
        raise click.UsageError(f"--folder {wanted} is not empty; choose a new folder")
    try:
        yield wanted
    except BaseException:
        for one in wanted.iterdir() if wanted.exists() else ():
            with contextlib.suppress(OSError):
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        if not there and wanted.exists():
            wanted.rmdir()
        raise


@contextmanager
def _stoppable() -> Iterator[None]:
    """End at SIGTERM as at Ctrl-C, so that temporary files are removed."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress(asked: Replay, label: str, total: int, unit: str) -> Any:
    return nullcontext(lambda _: None) if asked.quiet else advancing(label, total, unit)


def _shown(at: float) -> str:
    from aiops.presentation.filters import moment

    return moment(at)
