"""Series from a CSV file: columns timestamp (RFC 3339 or Unix seconds) and value, and any other ones as labels."""

import csv
from pathlib import Path

import numpy as np

from aiops.api.moment import unix_seconds
from aiops.detect.rows import Floats
from aiops.model import Labels

TIME, VALUE = "timestamp", "value"


def read(path: Path) -> dict[Labels, tuple[Floats, Floats]]:
    """Times (Unix seconds) and values of each series, in the order of their first lines. Raises ValueError on a line
    that is not so, OSError if there is no such file."""
    found: dict[Labels, tuple[list[float], list[float]]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.DictReader(file)
        names = lines.fieldnames or []
        for name in (TIME, VALUE):
            if name not in names:
                raise ValueError(f"{path} has no column {name}; it has {', '.join(names) or 'none'}")
        others = sorted(set(names) - {TIME, VALUE})
        for line in lines:
            series = tuple((name, line[name]) for name in others if line[name])
            times, values = found.setdefault(series, ([], []))
            try:
                times.append(unix_seconds(line[TIME]))
                values.append(float(line[VALUE] or "nan"))
            except ValueError as error:
                raise ValueError(f"{path}, line {lines.line_num}: {error}") from None
    return {series: (np.array(times), np.array(values)) for series, (times, values) in found.items()}
