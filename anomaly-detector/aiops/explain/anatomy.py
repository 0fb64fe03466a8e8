"""Good and bad requests side by side, place by place, as data that a person can check.

See docs/methods.md, The evidence of a cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.explain.call_changes import changed
from aiops.explain.call_tree import CALLING, CallTree
from aiops.explain.exemplars import exemplars
from aiops.explain.node_numbers import NodeNumbers
from aiops.explain.requests import RequestWork
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.waits import Waits
from aiops.model import CallChange, CallNode, RequestAnatomy, SpanKind
from aiops.model.arrays import Bools
from aiops.model.safe import shortened

NODES: Final = 40
"""Nodes of a tree that are shown."""
CHANGES: Final = 10
"""Changed calls that are listed."""


def anatomy(
    table: SpanColumns,
    waits: Waits,
    entries: RowNumbers,
    bad: Bools,
    clearest: Sequence[str] = (),
    most: int = NODES,
) -> RequestAnatomy:
    """Describe the requests that begin at these rows of a table, with `most` nodes at most. bad: which of them are bad
    ones. clearest: ids of traces that show the trouble, the clearest first. Raises ValueError where there are not
    both, good and bad requests."""
    # A request that is known by work within it only begins where that work does.
    begins, first = np.unique(waits.work[entries], return_index=True)
    requests = RequestWork.of(table, waits, begins, bad[first])
    if not requests.both:
        raise ValueError("there must be good and bad requests")
    tree = CallTree.of(requests)
    known = _Known(requests, tree, NodeNumbers.of(requests, tree))
    changes = changed(tree, known.numbers.requests, known.numbers.visits)[:CHANGES]
    shown = known.chosen({node for node, _ in changes}, most)
    place = {node: at for at, node in enumerate(shown)}
    cut = np.ones(len(tree), bool)
    cut[shown] = False
    good, bad = ~requests.bad, requests.bad
    duration, failed = table.duration[begins], table.failed[begins]
    examples = exemplars(requests, clearest)
    return RequestAnatomy(
        requests=(int(good.sum()), int(bad.sum())),
        seconds=(float(np.median(duration[good])), float(np.median(duration[bad]))),
        failing=(float(failed[good].mean()), float(failed[bad].mean())),
        time=known.numbers.total,
        nodes=tuple(known.node(node, place.get(int(tree.parent[node]), -1)) for node in shown),
        left_out=int(cut.sum()),
        left_out_share=float(known.numbers.share_of_excess[cut].sum()),
        changed_calls=tuple(known.change(node, what) for node, what in changes),
        bad=examples[0],
        good=examples[1],
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the nodes of a tree."""

    requests: RequestWork
    tree: CallTree
    numbers: NodeNumbers

    def chosen(self, changes: set[int], most: int) -> list[int]:
        """The most telling nodes with all their callers: callers first, what holds most time before the others."""
        tree, of = self.tree, self.numbers
        time = of.time[1] / (of.total[1] or 1.0)
        telling = np.maximum.reduce([of.share_of_excess, of.share_of_failures, time])
        first = np.array([(node in of.critical) * 2 + (node in changes) for node in range(len(tree))])
        kept: set[int] = set()
        for node in np.lexsort((-of.requests[1], -telling, -first)).tolist():
            chain = [node]
            while (above := int(tree.parent[chain[-1]])) >= 0 and above not in kept:
                chain.append(above)
            if node not in kept and len(kept) + len(chain) <= most:
                kept.update(chain)
            if len(kept) == most:
                break
        below, out, stack = tree.children(), [], [-1]
        while stack:
            node = stack.pop()
            if node >= 0:
                out.append(node)
            calls = (one for one in below.get(node, ()) if one in kept)
            stack += sorted(calls, key=lambda one: (one in of.critical, of.time[1][one], -one))
        return out

    def node(self, node: int, parent: int) -> CallNode:
        """One node, and the position of its caller's."""
        of, (service, operation, kind, callee) = self.numbers, self._names(node)
        good, bad = (None if np.isnan(one[node]) else float(one[node]) for one in of.seconds)
        return CallNode(
            parent=parent,
            service=service,
            operation=operation,
            kind=kind,
            callee=callee,
            requests=(int(of.requests[0][node]), int(of.requests[1][node])),
            calls=(float(of.calls[0][node]), float(of.calls[1][node])),
            seconds=(good, bad),
            failing=(float(of.failing[0][node]), float(of.failing[1][node])),
            time=(float(of.time[0][node]), float(of.time[1][node])),
            share_of_excess=float(of.share_of_excess[node]),
            share_of_failures=float(of.share_of_failures[node]),
            critical=node in of.critical,
        )

    def change(self, node: int, what: str) -> CallChange:
        """One changed call."""
        of, above = self.numbers, int(self.tree.parent[node])
        good, bad = (float(made[node]) / max(int(made[above]), 1) for made in of.visits)
        return CallChange(
            what=what,
            caller=self._said(above),
            call=self._said(node),
            requests=(int(of.requests[0][node]), int(of.requests[1][node])),
            of=(int(of.requests[0][above]), int(of.requests[1][above])),
            calls=(good, bad),
        )

    def _names(self, node: int) -> tuple[str, str, str, str]:
        """Service, operation, kind and callee."""
        service, operation, kind, callee = self._texts(node)
        return shortened(service), shortened(operation), kind, shortened(callee)

    def _texts(self, node: int) -> tuple[str, str, str, str]:
        table, waits = self.requests.table, self.requests.waits
        row = int(self.requests.rows[self.tree.like[node]])
        words, kind = table.words, SpanKind(int(waits.kind[row]))
        service, name = words[table.service[row]], words[table.name[row]]
        if kind in CALLING:
            server = int(waits.server[row])
            callee = words[table.service[server]] if server >= 0 else words[table.peer[row]]
            return service, words[table.statement[row]] or name, kind.name.lower(), callee
        routed = f"{words[table.method[row]]} {words[table.route[row]]}".strip()
        return service, routed if table.route[row] else name, kind.name.lower(), ""

    def _said(self, node: int) -> str:
        service, operation, _, callee = self._names(node)
        return f"{service} → {callee} {operation}" if callee else f"{service} {operation}"
