"""The calendar from its file: where services are used, their holidays, and known events."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import holidays
import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from aiops.bootstrap.recurring import MaintenanceEntry
from aiops.config import Settings
from aiops.detect import Calendar, Event, LocalCalendar
from aiops.model.errors import InvalidInput


class BadCalendar(InvalidInput):
    """The file cannot be used; the message names the file, the key, its value and what is allowed."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("a time zone is named like Europe/Berlin") from None
    return name


def _country(name: str) -> str:
    country, _, part = name.partition("-")
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise ValueError("a country is two letters of ISO 3166, like DE, and with a part of it like DE-BY")
    if part and part not in known[country]:
        raise ValueError(f"{country} has the parts {', '.join(known[country]) or 'none'}")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


def _norway(value: object) -> object:
    """Read an unquoted NO, which YAML takes for false, as Norway."""
    return "NO" if value is False else value


Country = Annotated[str, BeforeValidator(_norway), AfterValidator(_country)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Place(_Strict):
    time_zone: Zone | None = None
    holidays: Country | None = None


class _Event(_Strict):
    name: str = ""
    start: AwareDatetime
    end: AwareDatetime
    services: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _forwards(self) -> "_Event":
        if self.end <= self.start:
            raise ValueError(f"an event ends after its start, not at {self.end.isoformat()}")
        return self


class _File(_Place):
    services: dict[str, _Place] = Field(default_factory=dict)
    events: tuple[_Event, ...] = ()
    maintenance: tuple[MaintenanceEntry, ...] = ()


def of(settings: Settings) -> Calendar:
    """Return the calendar of the settings. Raises BadCalendar."""
    return load_calendar(Path(settings.calendar).expanduser()) if settings.calendar else Calendar()


def load_calendar(path: Path) -> Calendar:
    """Read a calendar.

        time_zone: Europe/Berlin
        holidays: DE-BY             # a holiday counts as a Sunday
        services:
          checkout: {time_zone: America/New_York, holidays: US}
        events:                     # latency and traffic are neither judged nor learned
          - {name: sale, start: 2026-11-27T00:00:00+01:00, end: 2026-11-28T00:00:00+01:00, services: [gateway]}
        maintenance:                # incidents open and are not announced
          - {name: disks, start: 2026-11-01T02:00:00+01:00, duration: 2h, rrule: FREQ=WEEKLY;BYDAY=SU,
             services: [payment], reason: new disks}

    Raises BadCalendar.
    """
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise BadCalendar(f"cannot read the calendar {path}: {error}") from None
    except yaml.YAMLError as error:
        raise BadCalendar(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    try:
        found = _File.model_validate(loaded if loaded is not None else {})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        given = f", not {first['input']!r}" if not isinstance(first["input"], dict) else ""
        raise BadCalendar(f"{path}: `{key}`: {reason[0].lower()}{reason[1:]}{given}") from None
    usual = _place(found, LocalCalendar())
    return Calendar(
        usual,
        {service: _place(one, usual) for service, one in found.services.items()},
        tuple(Event(one.name, _seconds(one.start), _seconds(one.end), frozenset(one.services)) for one in found.events),
        tuple(one.planned(_zone_of(found)) for one in found.maintenance),
    )


def _zone_of(one: _Place) -> ZoneInfo | None:
    return ZoneInfo(one.time_zone) if one.time_zone is not None else None


def _place(one: _Place, usual: LocalCalendar) -> LocalCalendar:
    """Fill in missing values from `usual`."""
    days: Any = usual.holidays
    if one.holidays is not None:
        country, _, part = one.holidays.partition("-")
        days = holidays.country_holidays(country, subdiv=part or None)
    return LocalCalendar(ZoneInfo(one.time_zone) if one.time_zone is not None else usual.zone, days)


def _seconds(then: datetime) -> float:
    return then.timestamp()
