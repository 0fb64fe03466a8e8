"""The evidence of the present groups of findings: taken when it is new, kept while nothing changes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aiops import explain
from aiops.engine.reading import FindingKey, Readings
from aiops.model import Cause, Explained, Finding, IncidentEvidence
from aiops.ports import TraceSource

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Groups whose evidence is taken in one cycle; the others have their turn in the next ones."""

Basis = tuple[Cause | None, tuple[tuple[FindingKey, float], ...]]
"""What evidence rests on: the cause, and each finding with the time at which its traces were read last."""


@dataclass(slots=True)
class Proofs:
    """Evidence by group. A group is known by its cause, or by its first finding where it has none. `gaps` says what
    could not be taken in the last round."""

    traces: TraceSource
    gaps: list[str] = field(default_factory=list)
    _taken: dict[Cause | FindingKey, tuple[Basis, IncidentEvidence | None]] = field(default_factory=dict)

    def added(
        self,
        groups: Sequence[Explained],
        attributions: Mapping[FindingKey, explain.Attribution],
        readings: Readings,
        at: float,
    ) -> tuple[Explained, ...]:
        """Return the groups with their evidence, and forget that of all others. A group whose turn has not come has
        what was taken of it before, or none."""
        self.gaps = []
        taken: dict[Cause | FindingKey, tuple[Basis, IncidentEvidence | None]] = {}
        out, left = [], AT_ONCE
        for group in groups:
            keys = [_key(one) for one in group.findings]
            cause = None if group.root_cause is None else group.root_cause.cause
            name = keys[0] if cause is None else cause
            read = [readings.read_traces(key) for key in keys]
            basis = cause, tuple((key, when) for key, (when, _) in zip(keys, read, strict=True))
            known = self._taken.get(name)
            if (known is None or known[0] != basis) and left:
                told = [(attributions[key], traces) for key, (_, traces) in zip(keys, read, strict=True)]
                known, left = (basis, self._evidence(group, told, at)), left - 1
            if known is not None:
                taken[name] = known
            out.append(group if known is None else replace(group, evidence=known[1]))
        self._taken = taken
        return tuple(out)

    def _evidence(
        self, group: Explained, told: Sequence[explain.ReadAttribution], at: float
    ) -> IncidentEvidence | None:
        try:
            return explain.evidence_of(group, told, self.traces.described, at)
        except Exception as error:  # one malformed trace must not suppress an incident
            log.exception("the evidence of a cause could not be taken: %s", group.title)
            self.gaps.append(f"the evidence of a cause could not be taken: {error!r}")
            return None


def _key(finding: Finding) -> FindingKey:
    return finding.series, str(finding.family), finding.onset
