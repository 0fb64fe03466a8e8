"""Where failures start, in a table of spans: some of them are followed down, evenly from all."""

from typing import Final

import numpy as np

from aiops.explain import errors
from aiops.explain.requests import RequestWork
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.tree import Tree
from aiops.model import Span
from aiops.model.arrays import Floats

FAILED_READ: Final = 400
"""Failed requests that are followed down to where they start to fail; of more, every so many-th is."""


SHOWN_READ: Final = 100
"""As many, and as many sound ones, where it is only shown in which part of them a failure starts where."""


def every(rows: RowNumbers, most: int = FAILED_READ) -> list[int]:
    """So many rows at most, evenly from all."""
    return rows[:: max(1, -(-len(rows) // most))].tolist()  # type: ignore[no-any-return]


def entry_tree(table: SpanColumns, row: int) -> tuple[Tree, Span]:
    """The trace of a row as a tree, and the row's span in it."""
    trace = table.of_trace(int(table.trace[row]))
    tree = Tree.of(trace)
    return tree, tree.by_id[table.span(row).span_id]


def failure_starts(requests: RequestWork) -> Floats:
    """The part of the failed bad requests that start to fail at each row of the table, shape (n,); 1 in all, 0 where no
    bad request failed. A failure that starts in several places is divided."""
    table, out = requests.table, np.zeros(len(requests.table))
    failed = table.failed[requests.entries]
    read = every(requests.entries[requests.bad & failed], SHOWN_READ)
    if not read:
        return out
    bad = [entry_tree(table, row) for row in read]
    good = [entry_tree(table, row) for row in every(requests.entries[~requests.bad & ~failed], SHOWN_READ)]
    lived_with = errors.lived_with(bad, good) if good else frozenset()
    for row, (tree, entry) in zip(read, bad, strict=True):
        begin = int(np.searchsorted(table.trace, table.trace[row]))
        rows = {span.span_id: begin + at for at, span in enumerate(tree.spans)}
        found = errors.origins(tree, entry, lived_with)
        for span in found:
            out[requests.waits.work[rows[span.span_id]]] += 1.0 / len(found)
    return out / len(read)
