"""Objectives out of files and folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dateutil.rrule import rrulestr

from aiops.slo import Objectives, read
from aiops.slo.spec import expressions

SUFFIXES: Final = (".yaml", ".yml")


def load(paths: Sequence[Path]) -> Objectives:
    """Read OpenSLO documents of files, and of every YAML file in folders and below them, in the order of their names.

    Raises OSError where a path cannot be read; what is wrong inside a file is a problem of the answer.
    """
    return read(
        ((str(file), file.read_text(encoding="utf-8")) for path in paths for file in _files(path)),
        expressions,
        check_rrule,
    )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for one in sorted(path.rglob("*")):
        # Kubernetes keeps the files of a volume in hidden folders as well, and would name every objective twice.
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if one.suffix in SUFFIXES and not hidden and one.is_file():
            yield one


def check_rrule(text: str) -> None:
    rrulestr(text)
