"""Who looks after a service, and what they wrote down about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One service. runbooks, links: titles and web addresses. slack: a channel; contact: an address for mail. on_call:
    the address or file of an iCalendar whose events are the shifts. Empty where it is not written."""

    service: str
    owner: str = ""
    runbooks: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    slack: str = ""
    contact: str = ""
    on_call: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The services that are written down, by the names of their telemetry."""

    services: Mapping[str, CatalogEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnCallShift:
    """Somebody is on call from `start` until `end`, Unix seconds."""

    start: float
    end: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call now. names: of all shifts that overlap; until: when the first of them ends, None for nobody.
    as_of: when the calendar was read last; None: never. problem: why it could not be read again, "" where it was."""

    names: tuple[str, ...] = ()
    until: float | None = None
    as_of: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who looks after the service of an incident; on_call is None where no calendar is written down."""

    entry: CatalogEntry
    on_call: OnCall | None
