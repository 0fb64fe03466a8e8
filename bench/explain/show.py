"""One case in full: its truth, its findings, what the engine says, and a bad and a good trace as trees.

python -m bench.explain.show "skipped call" 11          # the case of the report
python -m bench.explain.show "errors" 3 --size 5        # on a platform of another size
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator

from aiops.model import Finding, Span, Trace
from bench.explain.cases import is_harmless
from bench.explain.faults import KINDS
from bench.explain.ours import answer, ranking
from bench.explain.symptoms import Drawing
from bench.explain.worker import visible


def lines(kind: str, seed: int, size: int = 0) -> Iterator[str]:
    """The case as text."""
    case, found = visible(kind, seed, size)
    yield f"{case.name}: {case.size} services, {len(case.traces)} traces, onset known {case.late:.0f} s late"
    for truth in case.fault.truths:
        edge = f", called by {truth.caller}" if truth.caller else ""
        shared = f", shared: {'='.join(truth.dimension)}" if truth.dimension[0] else ""
        yield f"truth: {' or '.join(truth.kinds)} at {' or '.join(sorted(truth.names))}{edge}{shared}"
    yield f"trouble: {_trouble(case.fault.trouble)}" if not is_harmless(kind) else "truth: nothing is at fault"
    yield ""
    yield from (_finding(one) for one in found.findings)
    groups, drawn = answer(found, Drawing(case.traces), case.changes)
    yield ""
    for one in groups:
        way = f"{one.caller} > " if one.caller else ""
        others = f", or {', '.join(one.others)}" if one.others else ""
        shared = f", shared: {', '.join('='.join(pair) for pair in one.dimensions)}" if one.dimensions else ""
        yield f"group of {one.findings}: {one.kind} {way}{one.service} ({one.sure:.2f}){others}{shared}"
    yield f"ranking: {', '.join(ranking(groups)) or 'nobody'}"
    for name, traces in (("bad", drawn.bad), ("good", drawn.good)):
        if traces:
            middle = sorted(traces, key=lambda one: (len(one.spans), one.trace_id))[len(traces) // 2]
            yield ""
            yield f"one of {len(traces)} {name} traces:"
            yield from tree(middle)


def tree(trace: Trace) -> Iterator[str]:
    """A trace, a line a span."""
    known = {span.span_id for span in trace.spans}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in trace.spans:
        children[span.parent_id if span.parent_id in known else ""].append(span)
    stack = [(span, 0) for span in reversed(children[""])]
    while stack:
        span, depth = stack.pop()
        mark = f" FAILED {span.status_message or span.exception_message or span.error_type}" if span.failed else ""
        peer = f" > {span.peer}" if span.peer else ""
        yield f"{'  ' * depth}{span.kind.name} {span.service}{peer} {span.name} {1000 * span.duration:.1f} ms{mark}"
        stack += [(one, depth + 1) for one in reversed(children[span.span_id])]


def _finding(one: Finding) -> str:
    where = " ".join(value for _, value in one.series if value)
    return (
        f"{one.family} at {where}: {one.observed:.4g} instead of {one.expected:.4g}, {one.bad:.0f} of {one.total:.0f}"
    )


def _trouble(of: object) -> str:
    parts = ((name, getattr(of, name)) for name in of.__slots__)  # type: ignore[attr-defined]
    return ", ".join(f"{name}: {value}" for name, value in parts if value and value != ("", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("seed", type=int)
    parser.add_argument("--size", type=int, default=0, help="services (default: as in the report)")
    arguments = parser.parse_args()
    for line in lines(arguments.kind, arguments.seed, arguments.size):
        print(line)


if __name__ == "__main__":
    main()
