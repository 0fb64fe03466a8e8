"""Which column of a CSV file holds what: as `--columns` says, or by their usual names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.model.errors import InvalidInput

KEYS: Final = ("trace", "span", "parent", "service", "name", "start", "end", "duration", "kind", "status", "error")
TIMES: Final = ("start", "end", "duration")
UNITS: Final[Mapping[str, int]] = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
"""Nanoseconds of each unit."""
EXAMPLE: Final = "trace=TraceID,span=SpanID,parent=ParentID,service=PodName,name=Name,start=Start:us,duration=Duration"
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "trace": ("traceid", "trace"),
    "span": ("spanid", "span", "id"),
    "parent": ("parentspanid", "parentid", "parent"),
    "service": ("servicename", "service", "serviceid", "cmdbid", "podname"),
    "name": ("operationname", "spanname", "name", "operation", "methodname"),
    "start": ("starttimeunixnano", "starttime", "start", "timestamp", "starttimemillis"),
    "end": ("endtimeunixnano", "endtime", "end"),
    "duration": ("duration", "elapsedtime", "durationns", "durationus", "durationms"),
    "kind": ("spankind", "kind"),
    "status": ("statuscode", "httpstatuscode", "status"),
    "error": ("error", "iserror"),
}


class BadColumns(InvalidInput):
    """Columns that do not fit the file; the message names the column and the fix."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of what is known of a span, by the words of KEYS. units: of times that are not recognised by their
    magnitude. attributes: columns that hold an attribute, by its name."""

    of: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> list[str]:
        """All columns that are read, each once."""
        return list(dict.fromkeys([*self.of.values(), *self.attributes.values()]))


def parse(text: str) -> Columns:
    """Read `--columns`: `key=Column` with commas between them; `start=Column:ns` names the unit too, and so does
    `start:ns` alone. A key with a dot is an attribute. Raises BadColumns."""
    of: dict[str, str] = {}
    units: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        key, equals, column = (one.strip() for one in part.partition("="))
        key, column, unit = _unit(key, column)
        if unit:
            if key not in TIMES:
                raise BadColumns(f"{part!r}: only {', '.join(TIMES)} have a unit")
            units[key] = unit
        if not equals and not unit:
            raise BadColumns(f"{part!r} is no key=Column; write it like {EXAMPLE}")
        if not equals:
            continue
        if not column:
            raise BadColumns(f"{part!r} names no column")
        if key in KEYS:
            of[key] = column
        elif "." in key:
            attributes[key] = column
        else:
            raise BadColumns(f"{key!r} is not known; known: {', '.join(KEYS)}, and attributes, which have a dot")
    return Columns(of, units, attributes)


def fitted_columns(asked: Columns | None, header: Sequence[str]) -> Columns:
    """Return the columns of a file with this header: the asked ones, the others by their usual names. Raises
    BadColumns."""
    asked = asked or Columns({})
    there = ", ".join(header[:30]) + (" …" if len(header) > 30 else "")
    for column in asked.wanted:
        if column not in header:
            raise BadColumns(f"column {column!r} is not in the file; it has: {there}")
    plain: dict[str, str] = {}
    for one in header:
        plain.setdefault(re.sub(r"[^a-z0-9]", "", one.lower()), one)
    of = dict(asked.of)
    for key, usual in _USUAL.items():
        found = next((plain[one] for one in usual if one in plain), None)
        if key not in of and found is not None and found not in asked.wanted:
            of[key] = found
    if "end" in of and "duration" in of:
        del of["end" if "duration" in asked.of else "duration"]
    for key in ("trace", "span", "service", "start"):
        if key not in of:
            raise BadColumns(f"which column is the {key}? Say {key}=COLUMN in --columns; the file has: {there}")
    if "end" not in of and "duration" not in of:
        raise BadColumns(f"which column is the duration, or the end? Say duration=COLUMN; the file has: {there}")
    return Columns(of, asked.units, asked.attributes)


def _unit(key: str, column: str) -> tuple[str, str, str]:
    """Take a unit off the key or the column."""
    head, colon, unit = key.rpartition(":")
    if colon and unit in UNITS:
        return head, column, unit
    head, colon, unit = column.rpartition(":")
    if colon and unit in UNITS:
        return key, head, unit
    return key, column, ""
