"""The parts of an OpenSLO document that stand on their own: metadata, period, target, slices."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from aiops.model import Calendar, Labels, Missing, Period, Rolling, Slices, Urgency, names
from aiops.model.promql import label
from aiops.slo.spec import durations
from aiops.slo.spec.fields import Fields

OWN: Final = "aiops/"
"""Prefix of the annotations that are read here; those of others are carried along."""
OPTIONS: Final = ("min-bad-events", "missing-data", "runbook-url", "alerts")
NO_ALERTS: Final = "none"
NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAMED: Final = "must be at most 63 lower-case letters, digits and dashes"
_LOCAL: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Metadata:
    name: str
    display_name: str
    labels: Labels
    annotations: Labels
    min_bad_events: int = 0
    missing: Missing = Missing.IGNORE
    runbook: str = ""
    alerts: tuple[Urgency, ...] = tuple(Urgency)


def metadata(fields: Fields) -> Metadata:
    """Read `metadata`; annotations of `OPTIONS` are options."""
    name = fields.need("name")
    if not NAME.fullmatch(name.text()):
        name.wrong(f"is {name.text()!r}, but {NAMED}")
    display, labels, notes = fields.get("displayName"), fields.get("labels"), fields.get("annotations")
    fields.end()
    own: dict[str, Fields] = {}
    others: dict[str, Fields] = {}
    for key, value in [] if notes is None else notes.texts():
        (own if key.startswith(OWN) else others)[key.removeprefix(OWN)] = value
    least, missing, runbook, told = (own.pop(key, None) for key in OPTIONS)
    for key, value in own.items():
        value.wrong(f"aiops/{key} is not known; known are {', '.join(OWN + one for one in OPTIONS)}")
    return Metadata(
        name.text(),
        "" if display is None else display.text(),
        tuple(sorted((key, _label(key, value)) for key, value in ([] if labels is None else labels.texts()))),
        tuple(sorted((key, value.text()) for key, value in others.items())),
        0 if least is None else least.whole(),
        Missing.IGNORE if missing is None else Missing(missing.choice(*Missing)),
        "" if runbook is None else runbook.text(),
        tuple(Urgency) if told is None else _alerts(told),
    )


def _alerts(fields: Fields) -> tuple[Urgency, ...]:
    """Which urgencies people are told with: some of them by commas, or none."""
    if fields.text() == NO_ALERTS:
        return ()
    wanted = [one.strip() for one in fields.text().split(",")]
    if unknown := set(wanted) - set(Urgency):
        fields.wrong(f"has {', '.join(map(repr, sorted(unknown)))}, but must be {', '.join(Urgency)} or {NO_ALERTS}")
    return tuple(one for one in Urgency if one in wanted)


def _label(key: str, value: Fields) -> str:
    """Several values of a label are joined: alerts have one of each."""
    try:
        if label(key) == names.NAME:
            value.wrong("names a metric in Prometheus; give the label another name")
    except ValueError as error:
        value.wrong(str(error))
    return ",".join(value.listed())


def period(fields: Fields) -> Period:
    """Read `timeWindow`: the one rolling or calendar window."""
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
        # A month that rolls has no fixed length: OpenSLO leaves it open, people mean 30 days.
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
    return Calendar(months, seconds // 86_400, start, name, length.text())


def target(fields: Fields) -> Decimal:
    """Read the share of good events promised, from `target` or `targetPercent`."""
    kind, found = fields.one_of("target", "targetPercent")
    whole = Decimal(1) if kind == "target" else Decimal(100)
    value = found.number()
    if not 0 < value < whole:
        hint = "; 1 leaves no budget, nothing can keep it" if value == whole else ""
        hint = "; did you mean targetPercent?" if kind == "target" and 1 < value < 100 else hint
        found.wrong(f"is {value}, but must lie between 0 and {whole}, both excluded{hint}")
    return value / whole


def slices(fields: Fields, method: str) -> Slices | None:
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
    """Read `compositeWeight`, 1 unless written."""
    found = fields.get("compositeWeight")
    if found is None:
        return Decimal(1)
    if found.number() <= 0:
        found.wrong(f"is {found.text()}, but must be above 0")
    return found.number()


def slug(text: str) -> str:
    """A name made of what people called something."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def zone(fields: Fields) -> str:
    try:
        ZoneInfo(fields.text())
    except (KeyError, ValueError, OSError):
        fields.wrong(
            f"is {fields.text()!r}, but must be a time zone of the IANA database, such as Europe/Berlin or UTC"
        )
    return fields.text()


def local(fields: Fields) -> datetime:
    try:
        return datetime.strptime(fields.text(), _LOCAL)
    except ValueError:
        fields.wrong(f"is {fields.text()!r}, but must be a local time such as 2026-01-01 00:00:00")


def shorthand(fields: Fields) -> tuple[int, int]:
    try:
        return durations.shorthand(fields.text())
    except ValueError as error:
        fields.wrong(str(error))
