"""Shifts out of an iCalendar (RFC 5545), by the packages of the extra `notify`: who is on call, and when."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiops.http import Client, Endpoint, RequestRejected
from aiops.model import Window
from aiops.model.catalog import OnCallShift
from aiops.model.errors import NotPossible, SourceError

if TYPE_CHECKING:
    from icalendar import Calendar

EXTRA: Final = "calendars need packages that are not installed: pip install 'aiops[notify]'"
LONGEST: Final = 10.0
"""Seconds that a calendar may take to answer."""
_MEGABYTE: Final = 1 << 20
LARGEST: Final = 5 * _MEGABYTE
MOST: Final = 2000
"""Shifts that are kept of one calendar."""
NAME: Final = 200


def check_installed() -> None:
    """Raise NotPossible where the packages are missing."""
    try:
        import icalendar  # noqa: F401
        import recurring_ical_events  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise NotPossible(EXTRA) from None


def shifts(address: str, within: Window) -> list[OnCallShift]:
    """Read the shifts that overlap a window, by their starts. Raises SourceError, whose message does not have the path
    of an address: it is often a secret."""
    from icalendar import Calendar
    from recurring_ical_events import of

    content = _content(address)
    try:
        calendar = Calendar.from_ical(content)
        start, end = (datetime.fromtimestamp(at, UTC) for at in (within.start, within.end))
        zone = _zone(calendar)
        found = sorted(_shifts(of(calendar).between(start, end), zone), key=lambda one: (one.start, one.name))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError) as error:
        raise SourceError(f"{_shown(address)} is no calendar that can be read: {str(error)[:NAME]}") from None
    return [one for one in found if one.end > within.start and one.start < within.end][:MOST]


def _content(address: str) -> bytes:
    if address.startswith(("http://", "https://")):
        endpoint = Endpoint(name="calendar", url=address, timeout_seconds=LONGEST, at_once=1, largest_bytes=LARGEST)
        client = Client(endpoint)
        try:
            return client.ask("", accept="text/calendar")
        except RequestRejected as error:
            raise SourceError(f"{_shown(address)} answers {error.status or 'too much'}") from None
        except SourceError:
            raise SourceError(f"{_shown(address)} does not answer") from None
        finally:
            client.close()
    path = Path(address.removeprefix("file://")).expanduser()
    try:
        if path.stat().st_size > LARGEST:
            raise SourceError(f"{path} is larger than {LARGEST // _MEGABYTE} MB")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"the calendar {path} cannot be read: {error.strerror}") from None


def _shown(address: str) -> str:
    return f"the calendar of {urlsplit(address).hostname}" if "://" in address else f"the calendar {address}"


def _zone(calendar: "Calendar") -> tzinfo:
    """Return the zone of times without one: that of the whole calendar, else UTC."""
    try:
        return ZoneInfo(str(calendar.get("X-WR-TIMEZONE") or "UTC"))
    except (KeyError, ValueError, OSError):
        return UTC


def _shifts(events: Any, zone: tzinfo) -> Iterator[OnCallShift]:
    for event in events:
        if str(event.get("STATUS") or "").upper() == "CANCELLED" or event.get("DTSTART") is None:
            continue
        start = event["DTSTART"].dt
        end = event["DTEND"].dt if event.get("DTEND") is not None else None
        if end is None:
            length = event["DURATION"].dt if event.get("DURATION") is not None else None
            end = start + (length or (timedelta(0) if isinstance(start, datetime) else timedelta(days=1)))
        name = _name(event)
        if name:
            yield OnCallShift(_seconds(start, zone), _seconds(end, zone), name)


def _name(event: Any) -> str:
    """Return who it is about: the attendees by name, else what the event is called."""
    given = event.get("ATTENDEE") or []
    attendees = given if isinstance(given, list) else [given]
    names = [str(one.params["CN"]).strip() for one in attendees if getattr(one, "params", {}).get("CN")]
    return " ".join((", ".join(names) or str(event.get("SUMMARY") or "")).split())[:NAME]


def _seconds(at: date | datetime, zone: tzinfo) -> float:
    if not isinstance(at, datetime):
        at = datetime.combine(at, time.min)
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp()
