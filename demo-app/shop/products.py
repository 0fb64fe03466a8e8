"""The table of products, in SQLite, with a client span and a duration for every query."""

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from opentelemetry import trace
from opentelemetry.metrics import get_meter
from opentelemetry.trace import SpanKind

from shop import names
from shop.profile import DATABASE, NAMESPACE

CATEGORIES = ("lighting", "seating", "tables", "storage", "textiles", "decoration")
ROWS = 300
DURATION_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
SCHEMA = """
CREATE TABLE products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price_cents INTEGER NOT NULL
);
CREATE INDEX products_by_category ON products (category);
"""


class Query(NamedTuple):
    """A statement, and what the database conventions call its parts."""

    operation: str
    collection: str
    text: str


IN_CATEGORY = Query(
    "SELECT",
    "products",
    "SELECT id, name, price_cents FROM products WHERE category = ? ORDER BY price_cents LIMIT 20",
)


class Products:
    """The products on sale."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tracer = trace.get_tracer(__name__)
        self._duration = get_meter(__name__).create_histogram(
            names.DB_OPERATION_DURATION,
            unit="s",
            description="Duration of database client operations",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )

    @classmethod
    def create(cls, path: Path, rng: random.Random) -> "Products":
        """Make the table anew and fill it with the same few hundred rows for the same seed."""
        draft = path.with_suffix(f".{os.getpid()}")  # another process of the service may be reading the old table
        draft.unlink(missing_ok=True)
        categories = [rng.choice(CATEGORIES) for _ in range(ROWS)]
        rows = [(f"{name} no. {n}", name, rng.randint(199, 89_900)) for n, name in enumerate(categories, 1)]
        with closing(sqlite3.connect(draft)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.executemany("INSERT INTO products (name, category, price_cents) VALUES (?, ?, ?)", rows)
        draft.replace(path)
        return cls(path)

    def in_category(self, category: str, stall: Callable[[], None] | None = None) -> list[dict[str, object]]:
        """Return the twenty cheapest products of a category; SQLite calls `stall`, which may sleep, in mid-query."""
        rows = self._run(IN_CATEGORY, (category,), stall)
        return [{"id": number, "name": name, "price_cents": cents} for number, name, cents in rows]

    def _run(
        self, query: Query, parameters: tuple[str, ...], stall: Callable[[], None] | None
    ) -> list[tuple[int, str, int]]:
        summary = f"{query.operation} {query.collection}"
        attributes: dict[str, str] = {
            names.DB_SYSTEM_NAME: DATABASE,
            names.DB_NAMESPACE: NAMESPACE,
            names.DB_COLLECTION_NAME: query.collection,
            names.DB_OPERATION_NAME: query.operation,
            names.DB_QUERY_SUMMARY: summary,
        }
        span_attributes = {**attributes, names.DB_QUERY_TEXT: query.text}
        with self._tracer.start_as_current_span(summary, kind=SpanKind.CLIENT, attributes=span_attributes) as span:
            start = time.perf_counter()
            try:
                with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as connection:
                    if stall is not None:
                        connection.set_progress_handler(_once(stall), 1)
                    rows: list[tuple[int, str, int]] = connection.execute(query.text, parameters).fetchall()
            except sqlite3.Error as error:
                attributes[names.ERROR_TYPE] = type(error).__qualname__
                span.set_attribute(names.ERROR_TYPE, type(error).__qualname__)
                raise
            finally:
                self._duration.record(time.perf_counter() - start, attributes)
            span.set_attribute(names.DB_ROWS, len(rows))
        return rows


def _once(stall: Callable[[], None]) -> Callable[[], int]:
    """Return a progress handler that stalls when SQLite first calls it, and lets the query go on."""
    stalls = iter((stall,))

    def progress() -> int:
        for each in stalls:
            each()
        return 0

    return progress
