"""Where an error starts: the failed spans that no failed span below explains.

See docs/methods.md, Where an error starts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from aiops.explain.tree import Tree, is_inner
from aiops.explain.urls import path
from aiops.model import Span, SpanKind

LIVED_WITH = 0.5  # of the share of bad requests in which a call fails: good ones in which it fails as well

Deed = tuple[str, str, SpanKind, str]
"""What a span does: its service, name, kind and peer."""


def origins(tree: Tree, entry: Span, lived_with: frozenset[Deed] = frozenset()) -> list[Span]:
    """Follow the failure from `entry` down to where it starts, in start order; errors that somebody swallowed are not
    on the way, nor those of deeds that good requests live with."""
    found: list[Span] = []
    stack, seen = [entry], {entry.span_id}
    while stack:
        span = stack.pop()
        below = explaining(tree, span, lived_with)
        if not below:
            found.append(span)
        for one in below:
            if one.span_id not in seen:
                seen.add(one.span_id)
                stack.append(one)
    return sorted(found, key=lambda one: (one.start, one.span_id))


def explaining(tree: Tree, span: Span, lived_with: frozenset[Deed] = frozenset()) -> list[Span]:
    """The failed spans below that made this one fail, nearest first; none where it starts here.

    INTERNAL spans of a service that did not fail are looked through: most frameworks leave errors to others. Where
    INTERNAL spans of the same work did fail, and are no mere echo, they do carry errors: then what lies below one that
    did not was swallowed.
    """
    failed = [one for one in _last_attempts(tree.reached(span)) if one.failed and deed(one) not in lived_with]
    inner = [one for one in failed if is_inner(one) and not _echoes(tree, one, span, failed)]
    calls = [one for one in failed if not is_inner(one)]
    if inner:
        calls = [one for one in calls if one.parent_id == span.span_id]
    return [*calls, *inner]


def deed(span: Span) -> Deed:
    """Return what a span does: its service, name, kind and peer."""
    return span.service, span.name, span.kind, span.peer


def lived_with(bad: Sequence[tuple[Tree, Span]], good: Sequence[tuple[Tree, Span]]) -> frozenset[Deed]:
    """Failures that requests survive: they happen in good ones at least half as often as in bad ones."""
    often, before = _failing(bad), _failing(good)
    return frozenset(one for one, share in before.items() if share >= LIVED_WITH * often.get(one, 0.0))


def _failing(entries: Sequence[tuple[Tree, Span]]) -> dict[Deed, float]:
    """In what share of requests each deed below the entry fails."""
    counts: Counter[Deed] = Counter()
    for tree, entry in entries:
        counts.update({deed(span) for span in tree.below(entry) if span.failed and span is not entry})
    return {one: count / len(entries) for one, count in counts.items()}


def _echoes(tree: Tree, inner: Span, of: Span, failed: Iterable[Span]) -> bool:
    """Whether a failed INTERNAL span, with no failed span below, only repeats what failed elsewhere.

    It does when it carries the status that the request was answered with and no exception of its own, as the sending of
    the answer does; when it waited for a call that failed beside it; and when it follows another failure without an
    exception of its own, or with the same one: exceptions are recorded again at each level that they pass.
    """
    if any(one.failed for one in tree.reached(inner)):
        return False
    raised = (inner.exception_type, inner.exception_message) if inner.exception_type else None
    if raised is None and inner.http_status and inner.http_status == tree.serving(of).http_status:
        return True
    for other in failed:
        if other.span_id == inner.span_id:
            continue
        if not is_inner(other) and inner.start <= other.start and other.end <= inner.end:
            return True
        if raised is None and other.end <= inner.start:
            return True
        if raised is not None and raised in _raised(tree, other) and _precedes(tree, other, inner):
            return True
    return False


def _raised(tree: Tree, span: Span) -> set[tuple[str, str]]:
    """Exceptions that the span and what it waited for recorded."""
    return {(one.exception_type, one.exception_message) for one in tree.below(span) if one.exception_type}


def _precedes(tree: Tree, one: Span, other: Span) -> bool:
    """Whether of two that recorded the same exception this one is nearer to where it was raised: what lies deeper, what
    began earlier."""
    if not is_inner(one) or any(each.failed for each in tree.reached(one)):
        return True
    return (one.start, one.span_id) < (other.start, other.span_id)


def _last_attempts(reached: list[Span]) -> list[Span]:
    """Of client calls for the same thing, one after the other, only the last counts: the others were retried."""
    last: dict[tuple[str, ...], Span] = {}
    for one in reached:
        key: tuple[str, ...] = (one.span_id,)
        if one.kind == SpanKind.CLIENT and one.peer:
            key = (one.peer, one.name, path(one))
            before = last.get(key)
            if before is not None and before.end > one.start:
                key = (one.span_id,)  # side by side: neither is the other's retry
        last[key] = one
    return list(last.values())
