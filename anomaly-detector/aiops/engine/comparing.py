"""The requests that are read to compare an old and a new version, for causes that a change may have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops import explain
from aiops.model import Cause, Change, Explained, Unread, names
from aiops.model.errors import SourceError
from aiops.ports import TraceSource

REFRESH: Final = 300.0
"""Seconds after which more requests are read at the latest, while a comparison can still gain from them."""

Key = tuple[Cause, float]  # of a comparison: the cause, and its onset


@dataclass(slots=True)
class ReadVersions:
    """Requests that were read for one cause at a time `at`, up to a time `until`; Unix seconds."""

    at: float
    until: float
    seen: explain.SameTime


@dataclass(slots=True)
class Comparisons:
    """Considers changes for causes. Requests are read only where a change touches the cause, or bad requests share a
    version; again after as long as the trouble had lasted by then, at most five minutes.

    `gaps` says what could not be read in the last round.
    """

    traces: TraceSource
    step: float
    sample: int = explain.LIMIT
    gaps: list[str] = field(default_factory=list)
    _of: dict[Key, ReadVersions] = field(default_factory=dict)

    def considered(
        self, groups: Sequence[Explained], changes: Sequence[Change], at: float, may_read: bool
    ) -> tuple[Explained, ...]:
        """Return the groups with the changes that were considered for their causes. may_read: whether this cycle has
        time to ask for requests."""
        self.gaps = []
        keys = [_key(one) for one in groups]
        self._of = {key: kept for key, kept in self._of.items() if key in keys}
        return tuple(self._with_changes(one, changes, at, may_read) for one in groups)

    def _with_changes(self, group: Explained, changes: Sequence[Change], at: float, may_read: bool) -> Explained:
        key = _key(group)
        if key is None or group.root_cause is None:
            return group
        cause, onset = key
        lately = explain.lately(changes, onset, at)
        mine = any(one.service in explain.touched(cause) for one in lately)
        shared = any(one.attribute == names.SERVICE_VERSION for one in group.root_cause.dimensions)
        if may_read and (mine or shared) and not group.root_cause.from_metrics:
            self._read(key, group, at)
        known = self._of.get(key)
        found = explain.considered(cause, onset, lately, known.seen if known is not None else None)
        return explain.with_changes(group, found)

    def _read(self, key: Key, group: Explained, at: float) -> None:
        cause, onset = key
        before = self._of.get(key)
        wanted = explain.to_compare(cause, onset, group.pace, at, self.step, self.sample)
        if wanted is None:
            return
        if before is not None:
            wait = min(REFRESH, max(self.step, before.at - onset))
            if at - before.at < wait or wanted[0].window.end <= before.until:
                return
        try:
            drawn = self.traces.populations(wanted)
        except SourceError as error:
            self.gaps.append(str(error))
            return
        read = [
            explain.requests_of(cause, one, found)
            for one, found in zip(wanted, drawn, strict=True)
            if not isinstance(found, Unread)
        ]
        if len(read) == len(wanted):
            bad, good, earlier = read
            seen = explain.SameTime(bad=bad, good=good, before=earlier)
            self._of[key] = ReadVersions(at, wanted[0].window.end, seen)
        else:
            self.gaps += dict.fromkeys(one.why for one in drawn if isinstance(one, Unread) and one.why)


def _key(group: Explained) -> Key | None:
    if group.root_cause is None:
        return None
    return group.root_cause.cause, min(one.onset for one in group.findings)
