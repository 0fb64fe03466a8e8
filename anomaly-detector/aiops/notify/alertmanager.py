"""Incidents as alerts of an Alertmanager, by its API v2: sent repeatedly while they are open, ended when they are
resolved.

Nothing here is stored: after a restart everything is sent again, and an alert that is no longer sent ends by itself.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from aiops.http import Client, Endpoint
from aiops.model import HELD, Burn, Episode, Incident, group_label, iso, names
from aiops.model.errors import SourceError
from aiops.model.safe import visible
from aiops.ports import Clock, IncidentStore, ObjectiveStore
from aiops.presentation.documents.base import Json
from aiops.presentation.headline import headline
from aiops.presentation.incident import incident_document
from aiops.presentation.silences import mute_sentence
from aiops.presentation.words import again, place, sure

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two posts: less than an Alertmanager waits before it notifies of a burn that an incident covers."""
LASTS = 300.0
"""Seconds after which an alert that is not sent again ends, because the engine is dead."""
KEPT = 600.0
"""Seconds for which the end of an alert is sent, so that an Alertmanager that was away receives it."""
TIMEOUT = 5.0
PATH = "/api/v2/alerts"
LINKS = {"page": "incident_url", "trace": "trace_url", "dashboard": "dashboard_url", "runbook": "runbook_url"}


@dataclass(slots=True)
class Sheet:
    """The alerts to send. It remembers the labels of every alert, because they identify it: when a label changes, the
    alert with the old labels is ended."""

    base_url: str = ""
    grafana_url: str = ""
    _given: dict[str, Json] = field(default_factory=dict)
    _ended: dict[str, list[tuple[float, Json]]] = field(default_factory=dict)

    def alerts(self, active: list[Incident], resolved: list[Incident], now: float) -> list[Json]:
        """Return the alerts of all open incidents, and of recently resolved ones. An incident whose present episode is
        not announced by itself ended with its last announced episode."""
        known = [one for one in (*active, *resolved) if _told_lately(one, now)]
        for one in known:
            alert, before = alert_of(one, self.base_url, now, self.grafana_url), self._given.get(one.id)
            ended = self._ended.setdefault(one.id, [])
            if before is not None and before["labels"] != alert["labels"]:
                ended.append((now, {**before, **{at: min(before[at], iso(now)) for at in ("startsAt", "endsAt")}}))
            ended[:] = [(at, old) for at, old in ended if now - at < KEPT and old["labels"] != alert["labels"]]
            self._given[one.id] = alert
        for gone in self._given.keys() - {one.id for one in known}:
            del self._given[gone], self._ended[gone]
        return [alert for name, last in self._given.items() for alert in (*(old for _, old in self._ended[name]), last)]


class Alertmanager:
    """One Alertmanager. If there are several, each gets every alert, because they tell each other only which
    notifications they sent."""

    def __init__(
        self,
        url: str,
        base_url: str,
        store: IncidentStore,
        clock: Clock,
        count: Callable[[str, str], object],
        objectives: ObjectiveStore | None = None,
        grafana_url: str = "",
    ) -> None:
        """Connect to an Alertmanager. `base_url` is the address of the engine's pages; `count` receives the address and
        the result of each post; `objectives` holds the burn records."""
        self._client = Client(Endpoint(name="Alertmanager", url=url, timeout_seconds=TIMEOUT, at_once=1))
        self._store, self._clock, self._count, self._objectives = store, clock, count, objectives
        self._sheet, self._base_url = Sheet(base_url, grafana_url), base_url
        self._said = ""

    def send(self) -> None:
        """Post all alerts. A failure is logged once, and the next call tries again. Raises StoreError."""
        now = self._clock.now()
        active = self._store.active()
        body = self._sheet.alerts(active, self._store.resolved_since(now - KEPT), now)
        body += impact_alerts(active, self._objectives.burning() if self._objectives else (), self._base_url, now)
        if not body:
            return
        try:
            self._client.post(PATH, orjson.dumps(body), "application/json")
        except SourceError as error:
            self._count(self.name, "failed")
            if str(error) != self._said:
                log.warning("incidents are not told: %s; it is tried again every %.0f s", error, EVERY)
            self._said = str(error)
            return
        self._count(self.name, "sent")
        if self._said:
            log.info("incidents are told to %s again", self._client.endpoint)
        self._said = ""

    @property
    def name(self) -> str:
        """The address, without secrets."""
        return str(self._client.endpoint).partition(" at ")[2]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def impact_alerts(active: Iterable[Incident], burns: Iterable[Burn], base_url: str, now: float) -> list[Json]:
    """Return one alert for each objective that an incident covers. It inhibits the burn alerts of the objective and
    notifies nobody. It stays while the burn fades after the incident; if the engine dies, it ends and the burn alerts
    are sent."""
    found = {(each.slo, each.group): one.id for one in active for each in one.slo_impact}
    for burn in burns:
        if burn.covered_at is not None and 0 <= now - burn.covered_at <= HELD:
            found.setdefault((burn.slo, burn.group), burn.incident)
    return [
        {
            "labels": {
                names.ALERT_NAME: names.IMPACT_ALERT,
                names.ALERT_SOURCE: names.OWN_SOURCE,
                "slo": slo,
                **({"slo_group": group_label(group)} if group else {}),
            },
            "annotations": {"summary": f"{incident} tells of {slo}"},
            "startsAt": iso(now),
            "endsAt": iso(now + LASTS),
            "generatorURL": f"{base_url}/incidents/{incident}",
        }
        for (slo, group), incident in found.items()
    ]


def alert_of(incident: Incident, base_url: str, now: float, grafana_url: str = "") -> Json:
    """Return an incident as an alert. Labels identify it, so that only what seldom changes is a label."""
    episode, ended = _told(incident) or incident.episode, _ended(incident)
    over = ended is not None
    # An episode that ended in the future, before clocks were set back, has ended all the same.
    ends = min(ended, now) if ended is not None else now + LASTS
    # Receivers that are told of ends must not take it for the end of the incident.
    still = f"{mute_sentence(incident.mute)}; it is not over: " if incident.mute and not episode.ended else ""
    links = incident_document(incident, base_url, grafana_url).links.model_dump()
    shown = {annotation: links[link] for link, annotation in LINKS.items() if links.get(link)}
    return {
        "labels": labels_of(incident),
        "annotations": {
            "summary": visible(still + headline(incident)),
            "description": visible(alert_description(incident)),
            **shown,
        },
        "startsAt": iso(min(episode.detected, ends if over else now)),
        "endsAt": iso(ends),
        "generatorURL": links["page"],
    }


def _told(incident: Incident) -> Episode | None:
    """Return the last episode that people were notified of by itself."""
    return next((one for one in reversed(incident.episodes or (incident.episode,)) if one.told), None)


def _told_lately(incident: Incident, now: float) -> bool:
    """Whether there is something to send: an announced episode that is still open, or ended or was muted recently."""
    if _told(incident) is None or (incident.mute is not None and not incident.mute.told):
        return False
    ended = _ended(incident)
    return ended is None or ended > now - KEPT


def _ended(incident: Incident) -> float | None:
    """Return when the alert ended: with the last announced episode, or when the incident was muted. None: it goes
    on."""
    last, mute = _told(incident) or incident.episode, incident.mute
    ends = [at for at in (last.ended, None if mute is None else mute.since) if at is not None]
    return min(ends, default=None)


def labels_of(incident: Incident) -> dict[str, str]:
    """Return the labels of an incident without empty ones, which Alertmanager refuses."""
    cause = incident.root_cause.cause if incident.root_cause is not None else None
    kind = str(cause.kind) if cause is not None else next((family for _, family in incident.symptoms), "")
    found = {
        names.ALERT_NAME: names.INCIDENT_ALERT,
        names.ALERT_SOURCE: names.OWN_SOURCE,
        names.ALERT_INCIDENT: incident.id,
        names.ALERT_SEVERITY: str(incident.severity),
        names.SERVICE: incident.service,
        names.ALERT_KIND: kind,
    }
    return {name: visible(value) for name, value in found.items() if value}


def alert_description(incident: Incident) -> str:
    """Describe in sentences what is wrong, the cause and its confidence, and who is affected."""
    root = incident.root_cause
    if root is not None:
        what = f"{root.description}. The cause is {sure(root.confidence)} ({100 * root.confidence:.0f}%): "
        what += place(root.cause)
    else:
        why = incident.no_cause or "no cause found: the evidence does not carry one"
        what = why[:1].upper() + why[1:]
    hit = ", ".join(incident.affected_services)
    said = f"{what}. It hits {hit}." if hit else f"{what}."
    return f"{said} It is there for the {again(incident)}." if incident.occurrences > 1 else said
