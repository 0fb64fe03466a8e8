"""The detector's verdicts, stored beside the telemetry: the VerdictStore."""

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from aiops.model import Family, Labels, SeriesState, Tier, Verdict, Window, names, value_of
from aiops.model.errors import TooMuch
from aiops.sources.common import attributes
from aiops.sources.duckdb.partitions import VERDICTS
from aiops.sources.duckdb.store import Store

_NUMBERS: Final = ("observed", "expected", "lower", "upper", "score", "confidence")


class EmbeddedVerdicts:
    """Verdicts in DuckDB, partitioned by hour like telemetry."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Store verdicts; recording the same series, family and time again changes nothing. Raises SourceError."""
        if not verdicts:
            return
        columns: dict[str, pa.Array[Any]] = {
            "labels": pa.array([attributes.canonical(dict(one.series)) for one in verdicts], pa.string()),
            "family": pa.array([one.family for one in verdicts], pa.string()),
            "at_ns": pa.array([round(one.at * 1e9) for one in verdicts], pa.int64()),
            "service": pa.array([value_of(one.series, names.SERVICE) for one in verdicts], pa.string()),
            "route": pa.array([value_of(one.series, names.ROUTE) for one in verdicts], pa.string()),
        }
        for name in _NUMBERS:
            columns[name] = pa.array([getattr(one, name) for one in verdicts], pa.float64())
        columns["tier"] = pa.array([int(one.tier) for one in verdicts], pa.uint8())
        columns["life"] = pa.array([int(one.state) for one in verdicts], pa.uint8())
        self._store.append_verdicts(pa.table(columns))

    def history(self, service: str, route: str, window: Window, most: int = 0, every: float = 0.0) -> list[Verdict]:
        """Return the verdicts on a route of a service in the window, by time; an empty route matches all.

        every: only the last of each series and family in each slice of so many seconds (0: all). Raises TooMuch for
        more than `most` (0: any number).
        """
        wanted = pa.table({"service": [service], "route": [route]})
        matches = "v.service = wanted.service AND (wanted.route = '' OR v.route = wanted.route)"
        return self._found(wanted, matches, window, most, every)

    def of(self, series: Sequence[Labels], window: Window, most: int = 0) -> list[Verdict]:
        """Return the verdicts of given series in the window, in all families, by time.

        Raises TooMuch for more than `most` (0: any number).
        """
        texts = sorted({attributes.canonical(dict(one)) for one in series})
        return self._found(pa.table({"labels": pa.array(texts, pa.string())}), "v.labels = wanted.labels", window, most)

    def _found(self, wanted: pa.Table, matches: str, window: Window, most: int, every: float = 0.0) -> list[Verdict]:
        """Return the verdicts that match a row of `wanted`."""
        start, end = round(window.start * 1e9) + 1, round(window.end * 1e9)
        limit = f"LIMIT {most + 1}" if most else ""
        last = (
            f"""QUALIFY v.at_ns = max(v.at_ns) OVER (
                PARTITION BY v.labels, v.family, (v.at_ns - {start}) // {round(every * 1e9)})"""
            if every
            else ""
        )
        table = self._store.query(
            lambda partitions: (
                f"""
            SELECT v.* FROM {partitions.relation(VERDICTS, start, end)} v JOIN wanted ON {matches}
            {last}
            ORDER BY v.at_ns, v.family, v.labels {limit}"""
            ),
            wanted=wanted,
        )
        return _read(table, most)

    def latest(self, window: Window, most: int = 0) -> list[Verdict]:
        """Return the last verdict of the window on every series and family, by series and family.

        Raises TooMuch for more than `most` (0: any number).
        """
        start, end = round(window.start * 1e9) + 1, round(window.end * 1e9)
        limit = f"LIMIT {most + 1}" if most else ""
        table = self._store.query(
            lambda partitions: (
                f"""
            SELECT last.* FROM (
                SELECT arg_max(v, v.at_ns) AS last FROM {partitions.relation(VERDICTS, start, end)} v
                GROUP BY v.labels, v.family
            ) ORDER BY last.labels, last.family {limit}"""
            )
        )
        return _read(table, most)


def _read(table: "pa.Table", most: int) -> list[Verdict]:
    if most and table.num_rows > most:
        raise TooMuch(f"there are more than {most:,} judgements in that time")
    return [
        Verdict(
            series=tuple(sorted(attributes.parse(row["labels"]).items())),
            family=Family(row["family"]),
            at=row["at_ns"] / 1e9,
            tier=Tier(row["tier"]),
            state=SeriesState(row["life"]),
            **{name: row[name] for name in _NUMBERS},
        )
        for row in table.to_pylist()
    ]
