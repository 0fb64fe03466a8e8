"""The audit as a chain of hashes: each row carries the hash of the row before it, so that none can be changed, removed
or moved unseen. What the chain cannot show is that its last rows are gone: for that its length and its head are told
elsewhere (a metric, the output of `aiops audit verify`)."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from typing import Final

from aiops.model import AuditEntry, AuditRow

BEGINNING: Final = "0" * 64
"""What stands in the first row for the hash of the row before."""


def row_as_json(number: int, entry: AuditEntry) -> str:
    """Return a row as the JSON that is hashed: sorted keys, no blanks, numbers as Python writes them."""
    whole = {"number": number, **asdict(entry)}
    whole |= {f"by_{key}": value for key, value in whole.pop("by").items()}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sealed(number: int, entry: AuditEntry, previous: str) -> AuditRow:
    """Return an entry as the row that follows the one with the hash `previous`."""
    found = sha256(f"{previous}\n{row_as_json(number, entry)}".encode()).hexdigest()
    return AuditRow(number=number, entry=entry, previous=previous, hash=found)


def breaks(rows: Iterable[AuditRow]) -> Iterable[str]:
    """Yield what is wrong with rows that are in the order of their numbers, one sentence for each break."""
    before, last = BEGINNING, 0
    for row in rows:
        if row.number <= last:
            yield f"row {row.number} stands behind row {last}"
        if row.previous != before:
            yield f"row {row.number} does not follow {_named(last)}: a row between them is gone, or one was moved"
        if sealed(row.number, row.entry, row.previous).hash != row.hash:
            yield f"row {row.number} was changed after it was written"
        before, last = row.hash, row.number


def _named(number: int) -> str:
    return f"row {number}" if number else "the beginning"
