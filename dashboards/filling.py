"""What Grafana does to a text before it asks or follows it: put variables in."""

import re
from collections.abc import Mapping
from typing import Final

EVERYTHING: Final = {"__range": "3600s", "window": "5m", "longer": "0ms", "trace": ""}
"""Values of variables that stand for one; all others match everything."""
ANY: Final = ".*"
_PLACE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def filled(text: str, values: Mapping[str, str] | None = None) -> str:
    """The text with `$name` and `${name}` replaced: as given, else so that all is asked for."""
    known = {**EVERYTHING, **(values or {})}
    return _PLACE.sub(lambda found: known.get(found[1] or found[2], ANY), text)
