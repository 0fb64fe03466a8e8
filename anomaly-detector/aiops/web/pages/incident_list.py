"""The page of all incidents: search, filters that stay in the address, and all of history page by page."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from aiops.model import CauseKind, IncidentFilter, IncidentState, Severity
from aiops.service.use_cases import UseCases
from aiops.web.asked import asked_choice, asked_text, asked_time

PAGE: Final = 50
DAY: Final = 86_400.0
WITHIN: Final = {"1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
ALIKE_DAYS: Final = 30
STATES: Final = ("active", *(str(one) for one in IncidentState))
SEVERITIES: Final = tuple(str(one) for one in reversed(Severity))
KINDS: Final = (*(str(one) for one in CauseKind), "unknown")
NAMES: Final = (
    "search",
    "state",
    "severity",
    "service",
    "kind",
    "within",
    "since",
    "until",
    "fingerprint",
    "each",
)


@dataclass(frozen=True, slots=True)
class AskedIncidents:
    """What the query string asks for: the filter, the cursor, and the parameters that stay in links."""

    wanted: IncidentFilter
    before: int | None
    kept: dict[str, str]


def add_incident_list(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the page of all incidents."""

    @pages.get("/incidents")
    def incidents() -> ResponseReturnValue:
        asked = _asked(use_cases.now())
        found, following = use_cases.incidents.page(asked.wanted, asked.before, PAGE)
        return render_template(
            "incident_list.html",
            found=found,
            following=following,
            asked=asked,
            counts=use_cases.incidents.alike_counts(found, ALIKE_DAYS * DAY),
            days=ALIKE_DAYS,
            states=STATES,
            severities=SEVERITIES,
            kinds=KINDS,
            within=WITHIN,
        )


def _asked(now: float) -> AskedIncidents:
    kept = {name: text for name in NAMES if (text := asked_text(name))}
    within = asked_choice("within", WITHIN, "")
    since, until = asked_time("since"), asked_time("until")
    if within and since is not None:
        abort(400, "`within` ends now, so it cannot be given with `since`")
    since = now - WITHIN[within] if within else since
    if since is not None and until is not None and until < since:
        abort(400, "`since` must not be later than `until`")
    fingerprint = kept.get("fingerprint")
    if fingerprint and not (len(fingerprint) == 16 and set(fingerprint) <= set("0123456789abcdef")):
        abort(400, "`fingerprint` must be 16 hexadecimal digits, as the JSON of an incident gives it")
    cursor = asked_text("cursor")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        abort(400, "`cursor` must be the one of a link to older incidents")
    wanted = IncidentFilter(
        state=asked_choice("state", STATES, "") or None,
        severity=asked_choice("severity", SEVERITIES, "") or None,
        service=kept.get("service"),
        kind=asked_choice("kind", KINDS, "") or None,
        search=kept.get("search", ""),
        fingerprint=fingerprint,
        since=since,
        until=until,
        latest=not (asked_choice("each", ("1",), "") or fingerprint),
    )
    return AskedIncidents(wanted, int(cursor) if cursor else None, kept)
