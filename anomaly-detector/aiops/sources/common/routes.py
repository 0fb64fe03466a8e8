"""A route made from a path, for requests whose instrumentation knew only the path."""

import re
from typing import Final

LONGEST: Final = 6
"""Segments that are told apart; a deeper path is cut."""
VALUE: Final = "{}"
REST: Final = "…"

_ORIGIN: Final = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_WORD: Final = re.compile(r"^v\d{1,2}$|^[A-Za-z][A-Za-z_.-]{0,31}$|^[{<:*][^/]*$")


def of_path(target: str) -> str:
    """Replace every segment that looks like a value by `{}`: /orders/1234/items?x=1 becomes /orders/{}/items.

    Words of letters, versions such as v2, and placeholders of frameworks are kept. Segments with digits or other
    characters, and long ones, are values: ids, dates, hashes, names of files with a version.
    """
    path = _ORIGIN.sub("", target).partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        return ""
    segments = [one for one in path.split("/") if one]
    kept = [one if _WORD.match(one) else VALUE for one in segments[:LONGEST]]
    return "/" + "/".join([*kept, REST] if len(segments) > LONGEST else kept)
