"""Labelled series out of CSV files, and where a benchmark's folder is."""

import csv
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# times (s) and values, both (n,), to scores (n,): 1 or more is an alert at that row. The score of a row may depend on
# rows up to it alone. A value may be NaN, which is no value; times may repeat or step back. A detector that has alarms
# of its own also gives the rows at which one begins.
Score = Callable[[Floats, Floats], Floats | tuple[Floats, Flags]]

MISSING: Final = frozenset({"", "nan", "null", "na"})


@dataclass(frozen=True, slots=True)
class Series:
    """`times`: seconds, (n,), as the file has them; `spans`: first and last row of each labelled stretch."""

    name: str
    times: Floats
    values: Floats
    spans: tuple[tuple[int, int], ...] = field(default=())

    @property
    def days(self) -> float:
        return float(self.times.max() - self.times.min()) / 86_400 if len(self.times) else 0.0


class NoData(Exception):
    """The folder does not hold what it should; the message says what is missed."""


def need(path: Path, what: str) -> Path:
    """The path, if it is there."""
    if not path.exists():
        raise NoData(f"{path} is missing: it should hold {what}")
    return path


def files(folder: Path) -> list[Path]:
    """Every CSV file below a folder, plain or gzipped, by name."""
    return sorted([*folder.rglob("*.csv"), *folder.rglob("*.csv.gz")])


def columns(file: Path, names: Sequence[str]) -> list[list[str]]:
    """Columns of a CSV file as text, found by name without regard to case."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text)
        header = [name.strip().lower() for name in next(rows, [])]
        try:
            places = [header.index(name.lower()) for name in names]
        except ValueError:
            raise NoData(f"{file} has the columns {', '.join(header)}, not {', '.join(names)}") from None
        cells = [[row[place] for place in places] for row in rows if row]
    return [list(column) for column in zip(*cells, strict=True)] if cells else [[] for _ in names]


def seconds(texts: Sequence[str]) -> Floats:
    """ISO 8601 times as seconds since 1970; those without a zone are taken as UTC."""
    plain = [text.strip().removesuffix("Z").removesuffix("+00:00") for text in texts]
    return np.array(plain, dtype="datetime64[ms]").astype(np.float64) / 1000.0


def numbers(texts: Sequence[str]) -> Floats:
    """Numbers; a missing one is NaN."""
    return np.array([np.nan if text.strip().lower() in MISSING else float(text) for text in texts], dtype=np.float64)
