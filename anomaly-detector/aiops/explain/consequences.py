"""Failures that follow from calls which somebody else left out or made too late."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from aiops.explain.blame import Blame
from aiops.explain.tree import Tree
from aiops.explain.usual_calls import UsualCalls
from aiops.model import Cause, CauseKind, Span

MOST = 0.6  # of the failures at one place that follow a missing call, for the call to be their cause


def elsewhere_caused(
    origins: Sequence[tuple[Tree, Span]], blame: Blame, usual: UsualCalls
) -> tuple[dict[Cause, Cause], dict[Cause, str]]:
    """Causes of which most failures follow calls that somebody else left out or made too late: that one is the cause in
    their place; and a clause about it."""
    counts: Counter[Cause] = Counter()
    others: dict[Cause, Counter[tuple[Cause, tuple[str, ...]]]] = defaultdict(Counter)
    for tree, span in origins:
        cause = blame.cause(tree, span)
        counts[cause] += 1
        found = usual.missing(tree, span)
        if found is not None:
            visit, calls = found
            other = Cause(visit.service, CauseKind.ERRORS, visit.route or visit.name, visit.method)
            others[cause][other, tuple(sorted({peer or name for peer, name in calls}))] += 1
    moved, notes = {}, {}
    for cause, found_ in others.items():
        (other, missing), times = max(found_.items(), key=lambda pair: (pair[1], str(pair[0])))
        if times >= MOST * counts[cause] and other.service != cause.service:
            moved[cause] = other
            notes[other] = f"it does not call {' and '.join(missing[:3])} first, as it always does"
    return moved, notes
