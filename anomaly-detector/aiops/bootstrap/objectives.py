"""Objectives from files and folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dateutil.rrule import rrulestr

from aiops.slo import Objectives, read_objectives
from aiops.slo.spec import expressions

SUFFIXES: Final = (".yaml", ".yml")


def load_objectives(paths: Sequence[Path]) -> Objectives:
    """Read OpenSLO documents from files, and from every YAML file in folders and below them, in the order of their
    names.

    Raises OSError where a path cannot be read; an error inside a file is a problem in the result.
    """
    return read_objectives(
        ((str(file), file.read_text(encoding="utf-8")) for path in paths for file in _files(path)),
        expressions,
        check_rrule,
    )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for one in sorted(path.rglob("*")):
        # Kubernetes keeps the files of a volume in hidden folders too, so that every objective would be read twice.
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if one.suffix in SUFFIXES and not hidden and one.is_file():
            yield one


def check_rrule(text: str) -> None:
    """Check a recurrence rule (RFC 5545). Raises ValueError."""
    rrulestr(text)
