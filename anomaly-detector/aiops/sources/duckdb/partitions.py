"""Tables partitioned by hour: old hours are dropped as a whole, and a query reads only the hours it needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

HOUR_NS: Final = 3600 * 1_000_000_000
# A window that begins at the Unix epoch must not list half a million hours.
_FOREVER: Final = (0, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class PartitionedTable:
    """The tables of one kind: `<name>_<hours since the epoch>`, partitioned by the column `time`; `key` identifies
    rows."""

    name: str
    time: str
    key: tuple[str, ...]

    def table(self, hour: int) -> str:
        """Return the name of the table of an hour."""
        return f"{self.name}_{hour}"

    @property
    def template(self) -> str:
        """The name of an empty table of the same shape, so that every query has something to read."""
        return f"{self.name}_none"


SPANS: Final = PartitionedTable("spans", "end_ns", ("trace_hi", "trace_lo", "span_id"))
# Processes that share a series may send at the same time: their start times tell them apart.
POINTS: Final = PartitionedTable("points", "time_ns", ("series", "start_ns"))
VERDICTS: Final = PartitionedTable("verdicts", "at_ns", ("labels", "family"))
LOST_TABLE: Final = PartitionedTable(
    "lost", "at_ns", ("service", "told", "metric", "route", "method", "whole", "reason")
)
FAMILIES: Final = (SPANS, POINTS, VERDICTS, LOST_TABLE)


class Partitions:
    """The hours that exist, by table. Replaced, never changed in place: a reader keeps the list that it took."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._hours: dict[str, tuple[int, ...]] = {family.name: () for family in FAMILIES}
        for table in tables:
            name, _, hour = table.rpartition("_")
            if name in self._hours and hour.isdigit():
                self.add(name, int(hour))

    def add(self, name: str, hour: int) -> None:
        """Add an hour."""
        self._hours[name] = tuple(sorted({*self._hours[name], hour}))

    def remove(self, name: str, hour: int) -> None:
        """Remove an hour."""
        self._hours[name] = tuple(one for one in self._hours[name] if one != hour)

    def hours(self, family: PartitionedTable) -> tuple[int, ...]:
        """Return the hours that exist, oldest first."""
        return self._hours[family.name]

    def before(self, time_ns: int) -> Iterator[tuple[PartitionedTable, int]]:
        """Yield the partitions that end at or before a time."""
        for family in FAMILIES:
            for hour in self._hours[family.name]:
                if (hour + 1) * HOUR_NS <= time_ns:
                    yield family, hour

    def relation(self, family: PartitionedTable, start_ns: int = _FOREVER[0], end_ns: int = _FOREVER[1]) -> str:
        """Return SQL for the rows whose time lies in [start, end], to use after FROM."""
        tables = [
            family.table(hour) for hour in self._hours[family.name] if start_ns // HOUR_NS <= hour <= end_ns // HOUR_NS
        ] or [family.template]
        bounds = f"WHERE {family.time} BETWEEN {start_ns} AND {end_ns}"
        return "(" + " UNION ALL ".join(f"SELECT * FROM {table} {bounds}" for table in tables) + ")"
