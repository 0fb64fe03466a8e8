"""The names that Prometheus gives to OpenTelemetry metrics, as its OTLP receiver and the Collector do by default
(`UnderscoreEscapingWithSuffixes`).

Source: github.com/prometheus/otlptranslator v1.0.0. Units are UCUM's, case-sensitive; a unit in braces adds nothing.
"""

import re
from enum import StrEnum
from typing import Final

UNITS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
PER: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_TOKEN: Final = re.compile(r"[a-zA-Z0-9:]+")


class MetricType(StrEnum):
    """The type of a metric as far as its name shows it: a monotonic sum, a gauge, or something else (a histogram or an
    up-down counter)."""

    COUNTER = "counter"
    GAUGE = "gauge"
    OTHER = "other"


def metric_name(name: str, unit: str, kind: MetricType) -> str:
    """Return the name of a metric in Prometheus, without the suffixes of the parts of a histogram. Raises ValueError
    where nothing of the name is left."""
    tokens = [*_TOKEN.findall(name), *_of_unit(_TOKEN.findall(name), unit)]
    if kind == MetricType.COUNTER:
        tokens = [*(one for one in tokens if one != "total"), "total"]
    if kind == MetricType.GAUGE and unit == "1":
        tokens = [*(one for one in tokens if one != "ratio"), "ratio"]
    made = _begun("_".join(tokens))
    if not made.strip("_"):
        raise ValueError(f"{name!r} has no character that a name in Prometheus may have")
    return made


def any_unit(name: str, kind: MetricType) -> str:
    """Return a regular expression for the names of a metric whose unit is not known but is one of the table."""
    tokens = _TOKEN.findall(name)
    if kind == MetricType.COUNTER:
        tokens = [one for one in tokens if one != "total"]
    base = _begun("_".join(tokens))
    units = f"(_({'|'.join(one for one in UNITS.values() if one)}))?(_per_({'|'.join(PER.values())}))?"
    found = base + units + ("_total" if kind == MetricType.COUNTER else "")
    if kind != MetricType.GAUGE:
        return found
    bare = _begun("_".join(one for one in tokens if one != "ratio"))
    return f"{found}|{bare}_ratio"


def _begun(name: str) -> str:
    """Prefix a name that begins with a digit."""
    return f"_{name}" if name[:1].isdigit() else name


def _of_unit(tokens: list[str], unit: str) -> list[str]:
    """Return the suffixes for a unit, without those that the name already has."""
    main, _, per = (one.strip() for one in unit.partition("/"))
    whole = _clean(_said(main, UNITS))
    each = _said(per, PER)
    each = _clean(f"per_{each}") if each else ""
    whole = "" if whole in tokens else whole
    each = "" if each == "per_" else each.removesuffix("_")
    each = "" if each in tokens else each
    if each:
        whole = whole.removesuffix("_")
    return [one for one in (whole, each) if one]


def _said(unit: str, known: dict[str, str]) -> str:
    return "" if "{" in unit or "}" in unit else known.get(unit, unit)


def _clean(unit: str) -> str:
    return re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9:]", "_", unit)).removeprefix("_")
