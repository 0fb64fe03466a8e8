"""New versions beside old ones: read a little each minute, and kept with the change that brought the version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.engine import Engine
from aiops.explain.canary import Canary, CanaryRequest, canary, canary_requests
from aiops.model import Change, Population, PopulationKind, Unread, Window, iso
from aiops.presentation.documents.telemetry import VersionComparison
from aiops.store import SqlIncidents

FOLLOWED: Final = 3600.0
"""Seconds after a change in which its version is compared."""
FIRST: Final = 900.0
"""The longest time, in seconds, that is read at once."""
AT_ONCE: Final = 5
"""Changes that are followed at a time, the newest ones of each service."""
MOST: Final = 5000
"""Requests that are kept of one comparison."""

Key = tuple[str, str, float]
"""A change: service, version, time."""


@dataclass(slots=True)
class _Followed:
    until: float
    requests: dict[str, CanaryRequest] = field(default_factory=dict)


@dataclass(slots=True)
class VersionService:
    """Compares new versions with those beside them. Every method may raise StoreError; `judge` SourceError too."""

    engine: Engine
    store: SqlIncidents
    _followed: dict[Key, _Followed] = field(default_factory=dict)

    def judge(self) -> int:
        """Read on, and keep what is known now; returns how many versions were compared. To be called every minute."""
        until = self.engine.metrics.complete_until()
        if until is None:
            return 0
        wanted = newest_deployments(self.store.changes(until - FOLLOWED, until))
        self._followed = {key: one for key, one in self._followed.items() if key in {_key(each) for each in wanted}}
        judged = 0
        for change in wanted:
            found = self._read(change, until)
            if found is not None:
                self.store.keep_comparison(change, comparison_document(found).model_dump_json())
                judged += 1
        return judged

    def comparisons(self, window: Window) -> dict[Key, VersionComparison]:
        """Return what is known of the versions of the changes in a window."""
        found = self.store.comparisons(window.start, window.end)
        return {key: VersionComparison.model_validate_json(text) for key, text in found.items()}

    def of(self, changes: Sequence[Change]) -> dict[Key, VersionComparison]:
        """Return what is known of the versions of these changes."""
        if not changes:
            return {}
        times = [one.at for one in changes]
        return self.comparisons(Window(min(times), max(times)))

    def _read(self, change: Change, until: float) -> Canary | None:
        one = self._followed.setdefault(_key(change), _Followed(change.at))
        window = Window(max(one.until, until - FIRST), until)
        if window.seconds > 0 and len(one.requests) < MOST:
            asked = Population(service=change.service, window=window, kind=PopulationKind.ANY, limit=self.engine.sample)
            [drawn] = self.engine.traces.populations([asked])
            if isinstance(drawn, Unread):
                return None
            one.requests |= canary_requests(change.service, (span for trace in drawn for span in trace.spans))
            one.until = until
        return canary(change.version, list(one.requests.values()), change.at)


def newest_deployments(changes: Sequence[Change]) -> list[Change]:
    """Return the last deployment of each service that names its version, newest first, as many as are followed."""
    last = {one.service: one for one in changes if one.kind == "deployment" and one.version}
    return sorted(last.values(), key=lambda one: -one.at)[:AT_ONCE]


def comparison_document(of: Canary) -> VersionComparison:
    """Return the document of a comparison."""
    new, old = of.new, of.old
    return VersionComparison.model_validate(
        {
            "version": new.version,
            "beside": old.version,
            "since": iso(of.since),
            "requests": new.requests,
            "requests_beside": old.requests,
            "errors": round(new.failing, 5),
            "errors_beside": round(old.failing, 5),
            "p95_ms": None if new.p95 is None else round(1000 * new.p95, 2),
            "p95_ms_beside": None if old.p95 is None else round(1000 * old.p95, 2),
            "outcome": str(of.outcome),
            "reasons": list(of.reasons),
        }
    )


def _key(one: Change) -> Key:
    return one.service, one.version, one.at
