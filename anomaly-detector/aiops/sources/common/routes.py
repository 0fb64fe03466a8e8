"""A route out of a path, for requests whose instrumentation knew the path alone."""

import re
from typing import Final

LONGEST: Final = 6
"""Segments that are told apart; what is deeper goes by its beginning."""
VALUE: Final = "{}"
REST: Final = "…"

_ORIGIN: Final = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_WORD: Final = re.compile(r"^v\d{1,2}$|^[A-Za-z][A-Za-z_.-]{0,31}$|^[{<:*][^/]*$")


def of_path(target: str) -> str:
    """Put `{}` in the place of every segment that looks like a value: /orders/1234/items?x=1 becomes /orders/{}/items.

    A word of letters, a version such as v2, and a placeholder that a framework left in are kept; what has a digit or
    anything else in it, or is long, is a value: ids, dates, hashes, names of files with a version.
    """
    path = _ORIGIN.sub("", target).partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        return ""
    segments = [one for one in path.split("/") if one]
    kept = [one if _WORD.match(one) else VALUE for one in segments[:LONGEST]]
    return "/" + "/".join([*kept, REST] if len(segments) > LONGEST else kept)
