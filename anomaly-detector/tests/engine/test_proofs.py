"""Evidence is taken of a few groups in a cycle, again when more was read, and kept in between."""

from dataclasses import dataclass, field

import pytest

from aiops import explain
from aiops.engine.proofs import AT_ONCE, Proofs
from aiops.engine.reading import FindingKey
from aiops.model import (
    Cause,
    CauseKind,
    Explained,
    Family,
    Finding,
    IncidentEvidence,
    RootCause,
    TraceCorrelation,
    labels,
)
from aiops.testing.sources import NoTelemetry


@dataclass
class Read:
    """When traces were read last, by service."""

    at: dict[str, float] = field(default_factory=dict)

    def read_traces(self, key: FindingKey) -> tuple[float, None]:
        return self.at.get(dict(key[0])["service"], 0.0), None


def finding(service: str) -> Finding:
    return Finding(
        series=labels(service=service),
        family=Family.ERRORS,
        onset=90.0,
        at=100.0,
        score=2.0,
        observed=0.8,
        expected=0.01,
        bad=8.0,
        total=10.0,
        confidence=0.9,
    )


def group(service: str, named: bool = True) -> Explained:
    root = RootCause(cause=Cause(service, CauseKind.ERRORS), description="", confidence=0.9, interval=(0.8, 1.0))
    return Explained(
        title=service,
        findings=(finding(service),),
        texts=("",),
        root_cause=root if named else None,
        no_cause="" if named else "no cause found",
        first_failing_span=None,
        correlation=TraceCorrelation(),
        affected_services=(service,),
        affected_endpoints=(),
    )


def times(proofs: Proofs, read: Read, at: float, *groups: Explained) -> list[float | None]:
    """When the evidence of each group was taken."""
    told = {
        (one.series, str(one.family), one.onset): explain.Attribution(finding=one, votes=())
        for each in groups
        for one in each.findings
    }
    added = proofs.added(groups, told, read, at)  # type: ignore[arg-type]
    return [None if one.evidence is None else one.evidence.at for one in added]


@pytest.fixture
def proofs() -> Proofs:
    return Proofs(NoTelemetry())


def test_of_many_groups_each_has_its_turn(proofs: Proofs) -> None:
    groups = [group(f"s{number}") for number in range(AT_ONCE + 2)]
    assert times(proofs, Read(), 100.0, *groups) == [100.0] * AT_ONCE + [None, None]
    assert times(proofs, Read(), 103.0, *groups) == [100.0] * AT_ONCE + [103.0, 103.0]
    assert times(proofs, Read(), 106.0, *groups) == [100.0] * AT_ONCE + [103.0, 103.0]


def test_it_is_taken_again_when_more_traces_were_read_and_kept_until_then(proofs: Proofs) -> None:
    groups, read = [group(f"s{number}") for number in range(AT_ONCE + 1)], Read()
    for at in (100.0, 103.0):
        times(proofs, read, at, *groups)
    read.at = {f"s{number}": 105.0 for number in range(AT_ONCE + 1)}
    assert times(proofs, read, 106.0, *groups) == [106.0] * AT_ONCE + [103.0], "the last one waits with what it had"
    assert times(proofs, read, 109.0, *groups) == [106.0] * AT_ONCE + [109.0]


def test_a_cause_that_is_found_later_has_evidence_of_its_own(proofs: Proofs) -> None:
    assert times(proofs, Read(), 100.0, group("api", named=False)) == [100.0]
    assert times(proofs, Read(), 103.0, group("api")) == [103.0]


def test_what_is_over_is_forgotten(proofs: Proofs) -> None:
    times(proofs, Read(), 100.0, group("api"))
    assert times(proofs, Read(), 103.0) == []
    assert times(proofs, Read(), 106.0, group("api")) == [106.0]


def test_evidence_that_cannot_be_taken_is_told_once(proofs: Proofs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> IncidentEvidence:
        raise ZeroDivisionError("a malformed trace")

    monkeypatch.setattr(explain, "evidence_of", broken)
    assert times(proofs, Read(), 100.0, group("api")) == [None]
    assert len(proofs.gaps) == 1
    assert times(proofs, Read(), 103.0, group("api")) == [None]
    assert proofs.gaps == []
