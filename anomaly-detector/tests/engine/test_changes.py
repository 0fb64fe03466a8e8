"""From a reported deployment to the cause that it has, through the whole engine in virtual time."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from aiops.cli.remote import fetch_page
from aiops.model import Change, ChangeVerdict, Incident, Population, PopulationKind, RootCause, Trace
from aiops.presentation.incident import incident_document

from .requests import Part, Traffic, called, served
from .world import AT_ONCE, STEP, Watched

CALM, FAULT = 35, 12  # steps
Bad = Callable[[random.Random, str], bool]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def paying(canary: float, bad: Bad, slower: float = 0.0) -> Callable[[random.Random], Part]:
    """Payments, a part of which version 2 serves; `bad` says which of them fail, or take so many milliseconds
    longer."""

    def request(rng: random.Random) -> Part:
        version = "2" if rng.random() < canary else "1"
        wrong = bad(rng, version)
        took = 40 * rng.lognormvariate(0, 0.2) + (slower if wrong else 0.0)
        status = 503 if wrong and not slower else 200
        paid = served("payment", "/pay", 12, 10 + took, status=status, **{"service.version": version})
        return served("orders", "/orders", 0, 15 + took, called("orders", 10, 12 + took, paid, status=status),
                      status=status)  # fmt: skip

    return request


def never(rng: random.Random, version: str) -> bool:
    return False


def only_new(rng: random.Random, version: str) -> bool:
    return version == "2" and rng.random() < 0.8


def either(rng: random.Random, version: str) -> bool:
    return rng.random() < 0.5


def deployed(service: str, at: float, version: str = "2") -> Change:
    return Change(at=at, who="ci", kind="deployment", service=service, version=version, text="")


def after(watched: Watched, bad: Callable[[random.Random], Part], *changes: Change) -> tuple[Incident, RootCause]:
    """The one incident of a fault, and its cause."""
    traffic = Traffic(paying(0.0, never), 15)
    watched.play(CALM, traffic, every=AT_ONCE)
    for one in changes:
        watched.store.record_change(one)
    traffic.request = bad
    watched.play(FAULT, traffic)
    [incident] = watched.incidents()
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "payment"
    return incident, incident.root_cause


@pytest.mark.parametrize("slower", [0.0, 400.0])
def test_the_deployment_of_a_worse_version_is_named_among_decoys(watched: Watched, slower: float) -> None:
    start = watched.clock.now() + CALM * STEP
    changes = [deployed("orders", start - 1), deployed("stock", start - 5), deployed("payment", start - 10)]
    incident, cause = after(watched, paying(0.4, only_new, slower), *changes)
    assert cause.change is not None
    assert cause.change.startswith("deployment of payment 2, ")
    assert [one.verdict for one in cause.changes_considered] == [
        ChangeVerdict.ACCEPTED, ChangeVerdict.REJECTED, ChangeVerdict.REJECTED,
    ]  # fmt: skip
    assert [one.text for one in incident.timeline if one.what == "change"] == [f"it came with the {cause.change}"]
    document = incident_document(incident).model_dump()
    assert "\nchange    deployment of payment 2, 20" in fetch_page(document)
    first = document["root_cause"]["changes_considered"][0]
    assert (first["service"], first["verdict"], first["kind"]) == ("payment", "accepted", "deployment")
    assert first["new"]["bad"] > 5
    assert first["old"]["bad"] < first["old"]["good"]
    assert first["at"].endswith("Z")


def test_a_deployment_that_is_no_worse_is_not_named(watched: Watched) -> None:
    _, cause = after(watched, paying(0.5, either), deployed("payment", watched.clock.now() + CALM * STEP - 2))
    assert cause.change is None
    [found] = cause.changes_considered
    assert found.verdict == ChangeVerdict.REJECTED
    assert "no worse than what runs beside it" in found.why


def test_a_deployment_that_replaced_everything_is_possible_only(watched: Watched) -> None:
    _, cause = after(watched, paying(1.0, either), deployed("payment", watched.clock.now() + CALM * STEP - 2))
    assert cause.change is None
    [found] = cause.changes_considered
    assert found.verdict == ChangeVerdict.POSSIBLE
    assert "no old version" in found.why


def test_a_version_that_nobody_reported_is_named(watched: Watched) -> None:
    _, cause = after(watched, paying(0.4, only_new))
    assert cause.change is not None
    assert "deployment of payment 2" in cause.change
    assert [one.change.who for one in cause.changes_considered] == [""]


def test_without_changes_nothing_more_is_read(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Population] = []
    real = watched.source.traces.populations

    def heard(wanted: Sequence[Population]) -> list[list[Trace]]:
        asked.extend(wanted)
        return real(wanted)

    monkeypatch.setattr(watched.source.traces, "populations", heard)
    _, cause = after(watched, paying(0.0, either))
    assert cause.changes_considered == ()
    bad = {one.window for one in asked if one.kind == PopulationKind.FAILED}
    assert bad
    assert not bad & {one.window for one in asked if one.kind == PopulationKind.GOOD}, "good ones of the same time"
