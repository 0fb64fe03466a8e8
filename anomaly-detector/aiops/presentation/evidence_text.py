"""The evidence of an incident in short, as rows of a label and a text for terminals."""

from collections.abc import Iterator, Sequence
from typing import Final

from aiops.presentation.documents.base import Json
from aiops.presentation.numbers import duration, percent

NODES: Final = 16
"""Places of the tree that are written, with all their callers."""
CHANGES: Final = 3
"""Changed calls that are written."""
TELLING: Final = 0.01
"""The part of the excess, or of the requests that start to fail there, from which a place off the critical path is
written."""

HEAD: Final = " longer   fails    itself   usually * critical path"
"""Of the tree: parts of the longer time and of the failures, seconds of the node itself in bad and in good requests."""

Row = tuple[str, str]


def evidence_rows(evidence: Json) -> Iterator[Row]:
    """Yield the evidence of an incident: votes, the requests side by side, and what was asked."""
    votes = evidence["votes"]
    if votes:
        told = (f"{_number(one['traces'])} for {_place(one)} ({one['kind']})" for one in votes)
        yield "votes", f"of {votes[0]['of']} bad traces {', '.join(told)}"
    if evidence["at_cause"]:
        good, bad = evidence["at_cause"]["good"], evidence["at_cause"]["bad"]
        sides = [f"{one['spans']} {name} spans there" + _median(one) for name, one in (("bad", bad), ("good", good))]
        yield "measured", ", ".join(sides)
    if evidence["anatomy"]:
        yield from anatomy_rows(evidence["anatomy"])
    for one in evidence["questions"][:2]:
        yield "asked", f"{one['text']}: {one['traces']} traces"
        yield "", one["query"]
    if len(evidence["questions"]) > 2:
        yield "", f"and {len(evidence['questions']) - 2} more, in --json"


def anatomy_rows(anatomy: Json) -> Iterator[Row]:
    """Yield good and bad requests side by side: the tree of calls, what is called otherwise, and traces to compare."""
    good, bad = anatomy["good"], anatomy["bad"]
    sides = (
        f"{one['requests']:,} {name} requests take {duration(one['mean_ms'] / 1000)} on average, "
        f"{percent(one['failing'])} fail"
        for name, one in (("bad", bad), ("good", good))
    )
    yield "compared", "; ".join(sides)
    yield "tree", HEAD
    nodes: Sequence[Json] = anatomy["nodes"]
    written = _written(nodes, bad["failing"])
    for at in written:
        yield "", _node(nodes, at)
    left = len(nodes) - len(written) + anatomy["left_out"]
    if left:
        yield "", f"and {left} more places"
    for one in anatomy["changed_calls"][:CHANGES]:
        yield one["what"], f"{one['call']}: {_calls(one['bad'])} (good: {_calls(one['good'])})"
    for bad_one, good_one in exemplar_pairs(anatomy["exemplars"]):
        beside = f", beside {_trace(good_one)}" if good_one else ""
        yield "look at", f"{_trace(bad_one)}{beside}"


def _written(nodes: Sequence[Json], failing: float) -> list[int]:
    """The places that tell something, the critical path first, as many as have room with their callers."""
    telling = [max(one["share_of_excess"], one["share_of_failures"] * failing) for one in nodes]
    kept: set[int] = set()
    for at in sorted(range(len(nodes)), key=lambda at: (not nodes[at]["critical"], -telling[at], at)):
        if not nodes[at]["critical"] and telling[at] < TELLING:
            break
        chain = {at, *_above(nodes, at)}
        if len(kept | chain) <= NODES:
            kept |= chain
    return sorted(kept)


def _above(nodes: Sequence[Json], at: int) -> Iterator[int]:
    """The callers of a place, the nearest first."""
    while (above := nodes[at]["parent"]) is not None:
        yield above
        at = above


def _node(nodes: Sequence[Json], at: int) -> str:
    one, depth = nodes[at], len(list(_above(nodes, at)))
    itself, usually = (duration(one[side]["time_ms"] / 1000) for side in ("bad", "good"))
    where = f"{one['service']} → {one['callee'] or '?'}" if is_call(one) else one["service"]
    shares = f"{percent(one['share_of_excess']):>7} {percent(one['share_of_failures']):>7}"
    mark = "*" if one["critical"] else " "
    return f"{shares} {itself:>9} {usually:>9} {mark} {'  ' * depth}{where} {one['operation']}"


def is_call(node: Json) -> bool:
    """Whether a place of the tree is a call, not a request that is served."""
    return node["kind"] in ("client", "producer")


def exemplar_pairs(exemplars: Json) -> Iterator[tuple[Json, Json | None]]:
    """Yield bad examples, each with a good one of the same operation where there is one."""
    left = list(exemplars["good"])
    for one in exemplars["bad"]:
        alike = [
            other for other in left if (other["service"], other["operation"]) == (one["service"], one["operation"])
        ]
        if alike:
            left.remove(alike[0])
        yield one, alike[0] if alike else None


def _trace(one: Json) -> str:
    failed = ", failed" if one["failed"] else ""
    return f"{one['trace_id']} ({duration(one['duration_ms'] / 1000)}{failed})"


def _calls(one: Json) -> str:
    return f"in {one['requests']} of {one['of']} requests, {_number(one['calls'])} a visit"


def _median(one: Json) -> str:
    return "" if one["median_ms"] is None else f", {duration(one['median_ms'] / 1000)} (median)"


def _place(one: Json) -> str:
    where = " ".join(filter(None, (one["service"], one["method"], one["endpoint"])))
    return f"{one['caller']} → {where}" if one["caller"] else where


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"
