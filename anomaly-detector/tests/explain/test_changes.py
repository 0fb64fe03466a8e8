"""Which change a cause came with: the right one among decoys, and none by recency alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from aiops.explain import SameTime, considered, requests_of, to_compare
from aiops.model import (
    Cause,
    CauseKind,
    Change,
    ChangeVerdict,
    ConsideredChange,
    PopulationKind,
    Span,
    SpanKind,
    Trace,
)

ONSET = 10_000.0
STEP = 15.0
ERRORS = Cause("payment", CauseKind.ERRORS, "/pay", "POST")
NUMBERS = count(1)
ACCEPTED, POSSIBLE, REJECTED = ChangeVerdict.ACCEPTED, ChangeVerdict.POSSIBLE, ChangeVerdict.REJECTED


def deployment(
    at: float = ONSET - 120, service: str = "payment", version: str = "2", kind: str = "deployment"
) -> Change:
    return Change(at=at, who="ci", kind=kind, service=service, version=version, text="")


def requests(
    old: int, new: int, start: float = ONSET, failed: bool = False, service: str = "payment"
) -> tuple[Span, ...]:
    """Requests of version 1 and of version 2, evenly over the two minutes since a time."""
    return tuple(
        Span(
            trace_id=f"{next(NUMBERS):032x}", span_id=f"{next(NUMBERS):016x}", parent_id="", service=service,
            name="POST /pay", kind=SpanKind.SERVER, start=start + 120 * (number + 0.5) / (old + new), duration=0.1,
            failed=failed, route="/pay", method="POST", version="1" if number < old else "2",
        )
        for number in range(old + new)
    )  # fmt: skip


def seen(bad: tuple[int, int], good: tuple[int, int], before: tuple[int, int] = (60, 0)) -> SameTime:
    """Requests, of version 1 and of version 2 each."""
    return SameTime(bad=requests(*bad, failed=True), good=requests(*good), before=requests(*before, start=ONSET - 900))


CANARY = seen(bad=(2, 40), good=(45, 15))


def only(changes: Sequence[Change], read: SameTime | None, cause: Cause = ERRORS) -> ConsideredChange:
    [found] = considered(cause, ONSET, changes, read)
    return found


def test_a_canary_that_is_worse_than_what_runs_beside_it_is_accepted() -> None:
    found = only([deployment()], CANARY)
    assert found.verdict == ACCEPTED
    assert (found.new, found.old) == ((40, 15), (2, 45))
    assert found.chance is not None
    assert found.chance < 1e-6
    assert "version 2 served 40 of 42 bad requests and 15 of 60 good ones of the same time" in found.why


def test_a_version_on_one_instance_may_be_the_instance() -> None:
    def on_instances(spans: Sequence[Span]) -> tuple[Span, ...]:
        return tuple(replace(one, instance="b" if one.version == "2" else "a") for one in spans)

    placed = SameTime(bad=on_instances(CANARY.bad), good=on_instances(CANARY.good), before=CANARY.before)
    found = only([deployment()], placed)
    assert found.verdict == ACCEPTED
    assert "it runs on b alone, which may be at fault itself" in found.why


def test_deployments_of_other_services_are_decoys_however_recent() -> None:
    decoys = [deployment(ONSET - 5 * number, f"other-{number}") for number in range(1, 30)]
    found = considered(ERRORS, ONSET, [*decoys, deployment(ONSET - 1800)], CANARY)
    assert len(found) == 10
    assert [one.change.service for one in found if one.verdict == ACCEPTED] == ["payment"]
    assert found[0].verdict == ACCEPTED
    assert all(one.verdict == REJECTED and "the trouble starts in payment" in one.why for one in found[1:])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_new_version_that_is_no_worse_is_rejected_however_recent(share: float) -> None:
    new = round(60 * share)
    found = only([deployment(ONSET - 1)], seen(bad=(60 - new, new), good=(60 - new, new)))
    assert found.verdict == REJECTED
    assert "no worse than what runs beside it" in found.why
    assert found.chance is not None
    assert found.chance > 0.2


def test_a_version_that_all_requests_moved_to_is_possible_and_no_more() -> None:
    found = only([deployment(ONSET - 130)], seen(bad=(0, 60), good=(0, 60)))
    assert found.verdict == POSSIBLE
    assert "2 min 10 s before the onset; no old version served enough requests" in found.why
    served = only([deployment(ONSET - 1800)], seen(bad=(0, 60), good=(0, 60), before=(5, 55)))
    assert served.verdict == REJECTED
    assert "is not new to it" in served.why


def test_what_came_after_the_onset_is_rejected() -> None:
    late = only([deployment(ONSET + 60)], seen(bad=(30, 0), good=(60, 0)))
    assert (late.verdict, late.why) == (REJECTED, "it came 1 min after the onset")
    behind = seen(bad=(30, 30), good=(60, 10))  # worse, but there only since a minute and a half after the onset
    assert only([deployment(ONSET + 90)], SameTime(bad=behind.bad[:30], good=behind.good[:60])).verdict == REJECTED


def test_a_change_that_is_reported_late_is_known_by_its_first_request() -> None:
    assert only([deployment(ONSET + 100)], CANARY).verdict == ACCEPTED


@pytest.mark.parametrize(
    ("kind", "cause", "verdict"),
    [
        ("deployment", CauseKind.NETWORK, REJECTED),
        ("flag", CauseKind.NETWORK, REJECTED),
        ("config", CauseKind.NETWORK, POSSIBLE),
        ("deployment", CauseKind.MACHINE, REJECTED),
        ("deployment", CauseKind.TRAFFIC, REJECTED),
        ("deployment", CauseKind.DOWN, POSSIBLE),
        ("flag", CauseKind.LATENCY, POSSIBLE),
    ],
)
def test_a_change_must_fit_the_kind_of_the_trouble(kind: str, cause: CauseKind, verdict: ChangeVerdict) -> None:
    found = only([deployment(kind=kind)], None, Cause("payment", cause, caller="checkout"))
    assert found.verdict == verdict
    assert found.change.kind in found.why or "it came 2 min before the onset" in found.why


def test_a_flag_without_a_version_has_nothing_to_compare_with() -> None:
    found = only([deployment(version="", kind="flag")], seen(bad=(40, 0), good=(60, 0)))
    assert found.verdict == POSSIBLE
    assert "it shows in no version" in found.why
    assert found.new is None


def test_few_requests_prove_nothing() -> None:
    assert only([deployment()], seen(bad=(0, 4), good=(20, 0))).verdict == POSSIBLE
    assert only([deployment()], seen(bad=(5, 6), good=(9, 4))).verdict == POSSIBLE


def test_requests_from_before_a_version_was_there_are_not_compared_with_it() -> None:
    """Old failures from before the rollout would make any new version look well; old good ones, look bad."""
    bad = requests(0, 30, start=ONSET + 120, failed=True)
    good = (*requests(60, 0, start=ONSET), *requests(0, 30, start=ONSET + 120))
    found = only([deployment(ONSET - 1)], SameTime(bad=bad, good=good, before=requests(60, 0, start=ONSET - 900)))
    assert found.verdict == ACCEPTED, "both served at the same time: nothing else is known"
    rolled = considered(ERRORS, ONSET + 125, [deployment(ONSET + 120)], SameTime(bad=bad, good=good))
    assert [one.verdict for one in rolled] == [POSSIBLE]


def test_a_new_version_that_nobody_reported_is_found_in_the_spans() -> None:
    found = only([], CANARY)
    assert found.verdict == ACCEPTED
    assert (found.change.who, found.change.version, found.change.service) == ("", "2", "payment")
    assert "nobody reported it" in found.change.text
    assert considered(ERRORS, ONSET, [], seen(bad=(2, 40), good=(45, 15), before=(30, 30))) == (), "it is not new"
    assert only([deployment()], CANARY).change.who == "ci", "what is reported is not found again"


def test_a_deployment_that_names_no_version_is_the_only_new_one() -> None:
    assert only([deployment(version="")], CANARY).verdict == ACCEPTED


def test_the_answer_does_not_depend_on_the_order() -> None:
    changes = [deployment(), deployment(ONSET - 300, "other"), deployment(kind="config", version="")]
    once = considered(ERRORS, ONSET, changes, CANARY)
    turned = SameTime(bad=CANARY.bad[::-1], good=CANARY.good[::-1], before=CANARY.before[::-1])
    assert considered(ERRORS, ONSET, changes[::-1], turned) == once


def test_what_is_drawn_to_compare_is_of_the_same_place_and_time() -> None:
    wanted = to_compare(ERRORS, ONSET, None, ONSET + 300, STEP)
    assert wanted is not None
    bad, good, before = wanted
    assert [one.kind for one in wanted] == [PopulationKind.FAILED, PopulationKind.GOOD, PopulationKind.GOOD]
    assert bad.window == good.window
    assert before.window.end < bad.window.start
    assert {(one.service, one.route, one.method) for one in wanted} == {("payment", "/pay", "POST")}
    slow = Cause("payment", CauseKind.LATENCY)
    assert to_compare(slow, ONSET, None, ONSET + 300, STEP) is None
    late = to_compare(slow, ONSET, (0.4, 0.1), ONSET + 300, STEP)
    assert late is not None
    assert (late[0].kind, late[0].threshold) == (PopulationKind.SLOW, pytest.approx(0.2))
    assert to_compare(Cause("payment", CauseKind.NETWORK, caller="x"), ONSET, None, ONSET, STEP) is None


def test_requests_are_those_of_the_place_and_kind_once() -> None:
    wanted = to_compare(ERRORS, ONSET, None, ONSET + 300, STEP)
    assert wanted is not None
    failed, fine = requests(3, 0, failed=True), requests(4, 0)
    other = requests(2, 0, failed=True, service="checkout")
    traces = [Trace("1", (*failed, *fine)), Trace("2", (*failed, *other))]
    assert requests_of(ERRORS, wanted[0], traces) == failed
    assert requests_of(ERRORS, wanted[1], traces) == fine
    assert requests_of(ERRORS, wanted[2], traces) == ()


def test_what_kubernetes_tells_is_possible_and_crowds_no_change_out() -> None:
    kill = replace(deployment(ONSET - 10, kind="oom_kill", version=""), who="", source="kubernetes")
    [found] = considered(replace(ERRORS, kind=CauseKind.DOWN), ONSET, [kill], None)
    assert found.verdict == POSSIBLE
    assert found.why == "Kubernetes tells of it 10 s before the onset"
    late = only([replace(kill, at=ONSET + 600)], None)
    assert (late.verdict, late.why) == (REJECTED, "it came 10 min after the onset")
    network = only([kill], None, replace(ERRORS, kind=CauseKind.NETWORK))
    assert network.why == "an out-of-memory kill does not lead to trouble of this kind (network)"
    warnings = [replace(kill, kind="warning", at=ONSET - number, text=str(number)) for number in range(1, 20)]
    crowded = considered(ERRORS, ONSET, [*warnings, deployment(ONSET - 1800)], CANARY)
    assert len(crowded) == 10
    assert crowded[0].change.kind == "deployment"
