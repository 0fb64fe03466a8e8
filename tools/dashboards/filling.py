"""What Grafana does to a text before it asks or follows it: put variables, labels and fields in."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

EVERYTHING: Final = {"__range": "3600s", "window": "5m", "longer": "0ms", "trace": ""}
"""Values of variables that stand for one; all others match everything."""
ANY: Final = ".*"
_PLACE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_TOLD: Final = re.compile(r'\$\{__(?:field\.labels|data\.fields)(?:\.(\w+)|\["([^"]+)"\])(?:\.numeric)?\}')


def filled(text: str, values: Mapping[str, str] | None = None) -> str:
    """The text with `$name` and `${name}` replaced: as given, else so that all is asked for."""
    known = {**EVERYTHING, **(values or {})}
    return _PLACE.sub(lambda found: known.get(found[1] or found[2], ANY), text)


def followed(url: str, told: Mapping[str, str], values: Mapping[str, str]) -> str:
    """The address that a link leads to: `told` are labels of the series or fields of the row that is clicked on,
    `values` those of variables. Raises KeyError for what neither has."""

    def put(found: re.Match[str]) -> str:
        # A field that is an address of its own stays one.
        value = told[found[1] or found[2]]
        return value if found.start() == 0 else quote(value, safe="")

    return _PLACE.sub(lambda found: values[found[1] or found[2]], _TOLD.sub(put, url))
