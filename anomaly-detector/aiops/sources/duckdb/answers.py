"""The services that answered each caller, remembered beyond the lookback, so that a service that is down for long keeps
its name."""

import threading
from typing import Final

import pyarrow as pa

from aiops.sources.duckdb.columns import numbers, texts

KEEP_NS: Final = 86_400 * 1_000_000_000
MOST: Final = 10_000
COLUMNS: Final = ("caller", "address", "destination", "name", "service")


class Answers:
    """The service that answered, by caller, address and destination, or by caller and name of the call. Thread-safe.

    It is not saved: a new process looks an hour back for edges, and learns it again from there.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}
        self._lock = threading.Lock()

    def learn(self, found: pa.Table) -> None:
        """Take in rows of `COLUMNS` and `last` (Unix nanoseconds); without a service where several answered."""
        keys = zip(*(texts(found, name) for name in COLUMNS[:-1]), strict=True)
        rows = zip(keys, texts(found, "service"), numbers(found, "last"), strict=True)
        with self._lock:
            for key, service, last in rows:
                if self._known.get(key, ("", 0))[1] <= last:
                    self._known[key] = (service, last)
            if len(self._known) > MOST:
                newest = sorted(self._known.items(), key=lambda one: -one[1][1])
                self._known = dict(newest[: MOST // 2])

    def table(self, at_ns: int) -> pa.Table:
        """Return what was known at a time and is not older than a day, as `COLUMNS`."""
        with self._lock:
            rows = [
                (*key, service) for key, (service, last) in self._known.items() if service and at_ns - last < KEEP_NS
            ]
        columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
        return pa.table({name: pa.array(column, pa.string()) for name, column in zip(COLUMNS, columns, strict=True)})
