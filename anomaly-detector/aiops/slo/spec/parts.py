"""Independent parts of an OpenSLO document: metadata, period, target, slices."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from aiops.model import CalendarPeriods, Labels, Missing, Period, Rolling, Slices, Urgency, names
from aiops.model.promql import label
from aiops.slo.spec import durations
from aiops.slo.spec.fields import Fields

EXTENSION_PREFIX: Final = "aiops/"
"""Prefix of the annotations that are read here; other annotations are passed on."""
OPTIONS: Final = ("min-bad-events", "missing-data", "runbook-url", "alerts")
NO_ALERTS: Final = "none"
OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAME_RULE: Final = "must be at most 63 lower-case letters, digits and dashes"
_LOCAL: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The `metadata` of a document, with the options that its annotations set."""

    name: str
    display_name: str
    labels: Labels
    annotations: Labels
    min_bad_events: int = 0
    missing: Missing = Missing.IGNORE
    runbook: str = ""
    alerts: tuple[Urgency, ...] = tuple(Urgency)


def metadata(fields: Fields) -> Metadata:
    """Read `metadata`; the annotations of `OPTIONS` are options."""
    name = fields.need("name")
    if not OBJECT_NAME.fullmatch(name.text()):
        name.wrong(f"is {name.text()!r}, but {NAME_RULE}")
    display, labels, notes = fields.get("displayName"), fields.get("labels"), fields.get("annotations")
    fields.end()
    own: dict[str, Fields] = {}
    others: dict[str, Fields] = {}
    for key, value in [] if notes is None else notes.texts():
        (own if key.startswith(EXTENSION_PREFIX) else others)[key.removeprefix(EXTENSION_PREFIX)] = value
    least, missing, runbook, told = (own.pop(key, None) for key in OPTIONS)
    for key, value in own.items():
        value.wrong(f"aiops/{key} is not known; known are {', '.join(EXTENSION_PREFIX + one for one in OPTIONS)}")
    return Metadata(
        name=name.text(),
        display_name="" if display is None else display.text(),
        labels=tuple(sorted((key, _label(key, value)) for key, value in ([] if labels is None else labels.texts()))),
        annotations=tuple(sorted((key, value.text()) for key, value in others.items())),
        min_bad_events=0 if least is None else least.whole(),
        missing=Missing.IGNORE if missing is None else Missing(missing.choice(*Missing)),
        runbook="" if runbook is None else runbook.text(),
        alerts=tuple(Urgency) if told is None else _alerts(told),
    )


def _alerts(fields: Fields) -> tuple[Urgency, ...]:
    """Read the urgencies with which people are notified: some of them by commas, or none."""
    if fields.text() == NO_ALERTS:
        return ()
    wanted = [one.strip() for one in fields.text().split(",")]
    if unknown := set(wanted) - set(Urgency):
        fields.wrong(f"has {', '.join(map(repr, sorted(unknown)))}, but must be {', '.join(Urgency)} or {NO_ALERTS}")
    return tuple(one for one in Urgency if one in wanted)


def _label(key: str, value: Fields) -> str:
    """Join several values of a label: alerts have one value for each label."""
    try:
        if label(key) == names.NAME:
            value.wrong("names a metric in Prometheus; give the label another name")
    except ValueError as error:
        value.wrong(str(error))
    return ",".join(value.listed())


def period(fields: Fields) -> Period:
    """Read `timeWindow`: one rolling or calendar window."""
    windows = fields.items()
    if len(windows) != 1:
        fields.wrong(f"must have exactly one window, not {len(windows)}")
    window = windows[0]
    length, rolling, calendar = window.need("duration"), window.get("isRolling"), window.get("calendar")
    window.end()
    seconds, months = shorthand(length)
    if calendar is None:
        if rolling is None or not rolling.true():
            window.wrong("needs isRolling: true, or a calendar")
        # A rolling month has no fixed length in OpenSLO; people mean 30 days.
        if months:
            length.wrong("months and years do not roll: write 30d, or give a calendar")
        if seconds < 3600:
            length.wrong("must be at least 1h")
        return Rolling(seconds, length.text())
    if rolling is not None and rolling.true():
        window.wrong("has a calendar, so isRolling must be false")
    start, name = local(calendar.need("startTime")), zone(calendar.need("timeZone"))
    calendar.end()
    if seconds % 86_400:
        length.wrong("a calendar window must be whole days, weeks, months, quarters or years")
    if months and start.day > 28:
        calendar.need("startTime").wrong("must be a day that every month has: at most the 28th")
    return CalendarPeriods(months, seconds // 86_400, start, name, length.text())


def target(fields: Fields) -> Decimal:
    """Read the promised share of good events, from `target` or `targetPercent`."""
    kind, found = fields.one_of("target", "targetPercent")
    whole = Decimal(1) if kind == "target" else Decimal(100)
    value = found.number()
    if not 0 < value < whole:
        hint = "; 1 leaves no budget, nothing can keep it" if value == whole else ""
        hint = "; did you mean targetPercent?" if kind == "target" and 1 < value < 100 else hint
        found.wrong(f"is {value}, but must lie between 0 and {whole}, both excluded{hint}")
    return value / whole


def read_slices(fields: Fields, method: str) -> Slices | None:
    """Read `timeSliceTarget` and `timeSliceWindow`, which belong to the method Timeslices."""
    share, length = fields.get("timeSliceTarget"), fields.get("timeSliceWindow")
    if method == "Occurrences":
        for one in (share, length):
            if one is not None:
                one.wrong("belongs to budgetingMethod: Timeslices")
        return None
    share, length = fields.need("timeSliceTarget"), fields.need("timeSliceWindow")
    if not 0 < share.number() <= 1:
        share.wrong(f"is {share.text()}, but must be above 0 and at most 1")
    seconds = length.whole(1) * 60 if length.text().isdigit() else shorthand(length)[0]
    if not 60 <= seconds <= 3600 or 3600 % seconds:
        length.wrong(f"is {length.text()}, but must divide an hour and be at least 1m")
    return Slices(seconds, share.number())


def weight(fields: Fields) -> Decimal:
    """Read `compositeWeight`; 1 by default."""
    found = fields.get("compositeWeight")
    if found is None:
        return Decimal(1)
    if found.number() <= 0:
        found.wrong(f"is {found.text()}, but must be above 0")
    return found.number()


def slug(text: str) -> str:
    """Make a name from a display name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def zone(fields: Fields) -> str:
    """Read a time zone of the IANA database. Raises Mistake."""
    try:
        ZoneInfo(fields.text())
    except (KeyError, ValueError, OSError):
        fields.wrong(
            f"is {fields.text()!r}, but must be a time zone of the IANA database, such as Europe/Berlin or UTC"
        )
    return fields.text()


def local(fields: Fields) -> datetime:
    """Read a local time such as 2026-01-01 00:00:00. Raises Mistake."""
    try:
        return datetime.strptime(fields.text(), _LOCAL)
    except ValueError:
        fields.wrong(f"is {fields.text()!r}, but must be a local time such as 2026-01-01 00:00:00")


def shorthand(fields: Fields) -> tuple[int, int]:
    """Read a duration of OpenSLO (30d, 1M) as (seconds, months), one of them 0. Raises Mistake."""
    try:
        return durations.shorthand(fields.text())
    except ValueError as error:
        fields.wrong(str(error))
