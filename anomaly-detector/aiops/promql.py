"""Texts of PromQL: strings that cannot break out of their place, and the names that attributes get."""

import re
from collections.abc import Sequence


def label(attribute: str) -> str:
    """The label that an OpenTelemetry attribute becomes, by the rules of github.com/prometheus/otlptranslator v1.0.0 as
    Prometheus sets them. Raises ValueError for one that nothing is left of."""
    made = re.sub(r"[^a-zA-Z0-9_]", "_", attribute)
    if made[:1].isdigit():
        made = f"key_{made}"
    elif made.startswith("_") and not made.startswith("__"):
        made = f"key{made}"
    if not made.strip("_"):
        raise ValueError(f"{attribute!r} has no character that a label in Prometheus may have")
    return made


def quoted(text: str) -> str:
    """A string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(texts: Sequence[str]) -> str:
    """A string of PromQL that as a regular expression matches exactly these texts."""
    special = "\\.+*?()|[]{}^$"
    return quoted("|".join("".join(f"\\{one}" if one in special else one for one in text) for text in texts))
