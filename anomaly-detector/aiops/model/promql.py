"""Texts for PromQL: quoted strings, and the label names that attributes get."""

import re
from collections.abc import Sequence
from decimal import Decimal


def label(attribute: str) -> str:
    """Return the label that an OpenTelemetry attribute becomes, by the rules of github.com/prometheus/otlptranslator
    v1.0.0 with the settings of Prometheus. Raises ValueError where nothing of the name is left."""
    made = re.sub(r"[^a-zA-Z0-9_]", "_", attribute)
    if made[:1].isdigit():
        made = f"key_{made}"
    elif made.startswith("_") and not made.startswith("__"):
        made = f"key{made}"
    if not made.strip("_"):
        raise ValueError(f"{attribute!r} has no character that a label in Prometheus may have")
    return made


def spellings(bound: Decimal) -> list[str]:
    """Return the ways in which the upper bound of a bucket is written as `le`: pushed over OTLP without an exponent,
    scraped as OpenMetrics writes it, or as programs write it."""
    digits, exponent = bound.normalize().as_tuple().digits, bound.adjusted()
    if not bound.is_finite():
        return [str(bound)]
    plain = f"{bound.normalize():f}"
    out = [plain] if "." in plain else [plain, f"{plain}.0"]
    if bound and not -4 <= exponent < 6:
        rest = "".join(map(str, digits[1:]))
        sign = "-" if bound < 0 else ""
        out.append(f"{sign}{digits[0]}{'.' if rest else ''}{rest}e{exponent:+03d}")
    return out


def quoted(text: str) -> str:
    """Quote a text as a string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(texts: Sequence[str]) -> str:
    """Return a PromQL string that, as a regular expression, matches exactly these texts."""
    special = "\\.+*?()|[]{}^$"
    return quoted("|".join("".join(f"\\{one}" if one in special else one for one in text) for text in texts))
