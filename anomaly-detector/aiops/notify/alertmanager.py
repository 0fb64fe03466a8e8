"""Incidents as alerts of an Alertmanager, by its API v2: sent again while they are open, ended when they are resolved.

Nothing here must survive: after a restart all is sent again, and what is sent no more ends by itself.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from aiops.http import Client, Endpoint
from aiops.model import HELD, Burn, Episode, Incident, group_label, iso, names
from aiops.model.safe import visible
from aiops.ports import Clock, IncidentStore, ObjectiveStore, SourceError
from aiops.presentation.incident import document
from aiops.presentation.words import again, place, sure

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two posts: less than an Alertmanager waits before it tells of a burn that an incident speaks for."""
LASTS = 300.0
"""Seconds after which an alert ends that is not sent again: the engine is dead, then."""
KEPT = 600.0
"""Seconds for which the end of an alert is sent, so that an Alertmanager that was away learns of it."""
TIMEOUT = 5.0
PATH = "/api/v2/alerts"
LINKS = {"page": "incident_url", "trace": "trace_url", "dashboard": "dashboard_url", "runbook": "runbook_url"}

Document = dict[str, Any]


@dataclass(slots=True)
class Sheet:
    """The alerts to send. It remembers the labels of what it gave: an alert is known by them, so that when one changes
    the alert with the old ones has ended."""

    base_url: str = ""
    grafana_url: str = ""
    _given: dict[str, Document] = field(default_factory=dict)
    _ended: dict[str, list[tuple[float, Document]]] = field(default_factory=dict)

    def alerts(self, active: list[Incident], resolved: list[Incident], now: float) -> list[Document]:
        """Those of all incidents that are open, and of those resolved lately. One whose present episode is not told by
        itself is over since the last that was."""
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
    """One Alertmanager; each of several gets every alert, for they tell each other only what they notified of."""

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
        """`base_url` is where the engine's pages are; `count` gets the address and what became of each post;
        `objectives` has the records of what burns."""
        self._client = Client(Endpoint("Alertmanager", url, timeout_seconds=TIMEOUT, at_once=1))
        self._store, self._clock, self._count, self._objectives = store, clock, count, objectives
        self._sheet, self._base_url = Sheet(base_url, grafana_url), base_url
        self._said = ""

    def send(self) -> None:
        """Post all alerts; what fails is said once, and tried again at the next call. Raises StoreError."""
        now = self._clock.now()
        active = self._store.active()
        body = self._sheet.alerts(active, self._store.resolved_since(now - KEPT), now)
        body += impacts(active, self._objectives.burning() if self._objectives else (), self._base_url, now)
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
        return str(self._client.endpoint).partition(" at ")[2]

    def close(self) -> None:
        self._client.close()


def impacts(active: Iterable[Incident], burns: Iterable[Burn], base_url: str, now: float) -> list[Document]:
    """One alert for each objective that an incident speaks for, to hold back its burn alerts: nobody gets it. It stays
    while the burn dies away after the incident; if the engine dies, it ends and they are told."""
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


def alert_of(incident: Incident, base_url: str, now: float, grafana_url: str = "") -> Document:
    """An incident as Alertmanager takes it. It is known by its labels: only what seldom changes is one."""
    episode = _told(incident) or incident.episode
    over = episode.ended is not None
    # What was resolved later than now, before clocks were set back, is over all the same.
    ends = min(episode.ended, now) if episode.ended is not None else now + LASTS
    links = document(incident, base_url, grafana_url)["links"]
    shown = {annotation: links[link] for link, annotation in LINKS.items() if links.get(link)}
    return {
        "labels": labels_of(incident),
        "annotations": {"summary": visible(incident.title), "description": visible(described(incident)), **shown},
        "startsAt": iso(min(episode.detected, ends if over else now)),
        "endsAt": iso(ends),
        "generatorURL": links["page"],
    }


def _told(incident: Incident) -> Episode | None:
    """The last episode that people were told of by itself."""
    return next((one for one in reversed(incident.episodes or (incident.episode,)) if one.told), None)


def _told_lately(incident: Incident, now: float) -> bool:
    """Whether there is something to send: an episode that people know of, which goes on or has ended of late."""
    last = _told(incident)
    return last is not None and (last.ended is None or last.ended > now - KEPT)


def labels_of(incident: Incident) -> dict[str, str]:
    """Alertmanager takes no empty label."""
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


def described(incident: Incident) -> str:
    """What is wrong, why and how sure that is, and who is hit, in sentences."""
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
