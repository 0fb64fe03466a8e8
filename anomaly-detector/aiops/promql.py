"""Texts of PromQL: strings that cannot break out of their place, and the names that attributes get."""

import re
from collections.abc import Sequence


def label(attribute: str) -> str:
    """The label that an OpenTelemetry attribute becomes."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", attribute)


def quoted(text: str) -> str:
    """A string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(texts: Sequence[str]) -> str:
    """A string of PromQL that as a regular expression matches exactly these texts."""
    special = "\\.+*?()|[]{}^$"
    return quoted("|".join("".join(f"\\{one}" if one in special else one for one in text) for text in texts))
