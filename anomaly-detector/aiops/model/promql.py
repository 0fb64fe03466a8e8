"""Texts of PromQL: strings that cannot break out of their place, and the names that attributes get."""

import re
from collections.abc import Sequence
from decimal import Decimal


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


def spellings(bound: Decimal) -> list[str]:
    """How the upper bound of a bucket is written as `le`: pushed over OTLP without an exponent, scraped as OpenMetrics
    writes it, or as programs do."""
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
    """A string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(texts: Sequence[str]) -> str:
    """A string of PromQL that as a regular expression matches exactly these texts."""
    special = "\\.+*?()|[]{}^$"
    return quoted("|".join("".join(f"\\{one}" if one in special else one for one in text) for text in texts))
