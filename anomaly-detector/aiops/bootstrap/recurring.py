"""Windows of maintenance in the calendar, by rules of RFC 5545."""

import re
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from dateutil.rrule import YEARLY, rrule, rrulestr
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from aiops.model import Maintenance, Recurrence

_LENGTH: Final = re.compile(r"(\d{1,4})([mhd])")
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST: Final = 30 * 86_400.0
PACES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


def _length(text: str) -> str:
    if not 0 < _seconds(text) <= LONGEST:
        raise ValueError("a duration is like 30m, 2h or 1d, and at most 30d")
    return text


def _rule(text: str) -> str:
    """Accept one rule without its own start."""
    parts = dict(part.partition("=")[::2] for part in text.upper().removeprefix("RRULE:").split(";"))
    if parts.get("FREQ") not in PACES or "DTSTART" in text.upper() or "\n" in text:
        raise ValueError(f"a rule is one line like FREQ=WEEKLY;BYDAY=SU, with FREQ one of {', '.join(PACES)}")
    try:
        rrulestr(text, dtstart=datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"a rule is as in RFC 5545, like FREQ=WEEKLY;BYDAY=SU: {error}") from None
    return text


class MaintenanceEntry(BaseModel):
    """An entry `maintenance` of the calendar. Without `rrule` it comes once, at `start`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    start: AwareDatetime
    duration: Annotated[str, AfterValidator(_length)]
    rrule: Annotated[str, AfterValidator(_rule)] | None = None
    services: tuple[str, ...] = ()
    reason: str = Field(min_length=3, max_length=1000)

    def planned(self, zone: ZoneInfo | None) -> Maintenance:
        """Return it. In a zone it begins at the same local time all year; without one, at that of its start."""
        start = self.start if zone is None else self.start.astimezone(zone)
        found = rrulestr(self.rrule, dtstart=start, cache=True) if self.rrule else rrule(YEARLY, dtstart=start, count=1)
        beginnings: Recurrence = found
        return Maintenance(
            name=self.name,
            reason=self.reason,
            beginnings=beginnings,
            seconds=_seconds(self.duration),
            services=frozenset(self.services),
        )


def _seconds(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    return int(found[1]) * _SECONDS[found[2]] if found else 0.0
