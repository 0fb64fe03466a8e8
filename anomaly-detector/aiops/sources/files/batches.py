"""Files of OTLP as rows of the store, in the order of the files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiops.model.errors import MessageError
from aiops.sources.common.caps import Roll
from aiops.sources.duckdb import schema
from aiops.sources.files.exports import FileProblem, Found, exports
from aiops.sources.files.opening import opened_file
from aiops.sources.receiver.batch import Batch
from aiops.sources.receiver.decode import Decoding

ROWS: Final = 20_000
"""Rows of a batch, about."""
OLDEST: Final = 946_684_800.0
LATEST: Final = 7_258_118_400.0
"""The years 2000 and 2200: times outside are errors."""
_TIMES: Final = "a time outside the years 2000 to 2200"
_WORDS: Final = {"a span ended before the retention or more than an hour ahead of this machine's clock": _TIMES}


@dataclass(slots=True)
class FileReader:
    """Reads files. `progress` is called with the bytes of a file on disk that were read since the last call."""

    roll: Roll = field(default_factory=lambda: Roll(now=lambda: 0.0))
    progress: Callable[[int], None] = lambda _: None
    found: Found = field(default_factory=Found)
    _known: set[int] = field(default_factory=set)

    def batches(self, paths: Sequence[Path]) -> Iterator[Batch]:
        """Yield what is in the files; bad lines become problems in `found`. Raises UnreadableFile."""
        for path in paths:
            yield from self._of(path)

    def _of(self, path: Path) -> Iterator[Batch]:
        rows, read = self._decoding(), 0
        with opened_file(path) as file:
            for place, take in exports(file, self.found):
                self._take(path, place, take, rows)
                if len(rows.spans) + len(rows.points) >= ROWS:
                    yield self._batch(rows)
                    rows = self._decoding()
                if file.position > read:
                    self.progress(file.position - read)
                    read = file.position
            self.progress(file.size - read)
        if rows.spans or rows.points:
            yield self._batch(rows)

    def _take(self, path: Path, place: str, take: Callable[[Decoding], None], rows: Decoding) -> None:
        before = dict(rows.rejected.reasons)
        try:
            take(rows)
        except (ValueError, MessageError) as problem:
            self.found.problems.append(FileProblem(path, place, f"is no OTLP: {problem}"))
        for reason, count in rows.rejected.reasons.items():
            if count > before.get(reason, 0):
                text = f"{count - before.get(reason, 0)} left out: {_WORDS.get(reason, reason)}"
                self.found.problems.append(FileProblem(path, place, text))

    def _decoding(self) -> Decoding:
        return Decoding(LATEST - 3600.0, LATEST - 3600.0 - OLDEST, self._known.__contains__, self.roll)

    def _batch(self, rows: Decoding) -> Batch:
        self._known.update(rows.resources, rows.series)
        return Batch(
            resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
            series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
            points=schema.arrow_table(schema.POINTS, rows.points),
            spans=schema.arrow_table(schema.SPANS, rows.spans),
            folded=rows.roll.folded(),
        )
