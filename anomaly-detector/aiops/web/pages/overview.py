"""The first page: what is wrong now, and how every service is."""

from urllib.parse import urlsplit

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from aiops.config import EVERYWHERE, Settings
from aiops.health import ServiceHealth
from aiops.model import Incident, IncidentState
from aiops.presentation.mood import mood
from aiops.service.use_cases import UseCases
from aiops.web.gaps import or_gap

RECENTLY = 10
MOST = 200


def add_overview(pages: Blueprint, use_cases: UseCases, settings: Settings) -> None:
    """Add the first page."""

    @pages.get("/")
    def index() -> ResponseReturnValue:
        gaps: list[str] = []
        active, count = use_cases.incidents.urgent(MOST)
        resolved, _ = use_cases.incidents.page(state=str(IncidentState.RESOLVED), limit=RECENTLY)
        services: list[ServiceHealth] = or_gap(use_cases.health.services, [], gaps)
        newest = or_gap(use_cases.telemetry.newest, None, gaps)
        readiness = use_cases.operation.readiness()
        gaps = list(dict.fromkeys([*gaps, *readiness.reasons]))
        return render_template(
            "incidents.html",
            active=sorted(active, key=_urgency),
            count=count,
            resolved=sorted(resolved, key=lambda one: one.resolved_at or 0.0, reverse=True),
            services=services,
            uneasy=[one for one in services if one.status != "healthy"],
            mood=mood(count, newest, use_cases.now(), bool(gaps)),
            newest=newest,
            gaps=gaps,
            notes=readiness.notes,
            otlp=_otlp(settings),
        )


def _otlp(settings: Settings) -> str:
    """Return the address for telemetry: an engine that listens everywhere is reached under the host name of the
    request."""
    host = settings.otlp_host
    if host in EVERYWHERE:
        host = urlsplit(request.host_url).hostname or host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.otlp_http_port}"


def _urgency(one: Incident) -> tuple[bool, int, float]:
    return one.state != IncidentState.OPEN, -one.severity.rank, -one.first_detected
