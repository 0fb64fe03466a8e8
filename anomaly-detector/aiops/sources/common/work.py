"""What kind of work a request is: metrics of one kind say nothing of the others that the same service does."""

from enum import StrEnum
from typing import Final

from aiops.model import names
from aiops.sources.common.conventions import CONSUMER, Request


class Work(StrEnum):
    """HTTP and RPC have metrics of their own; OTHER is a server that says neither."""

    HTTP = "http"
    RPC = "rpc"
    CONSUMER = "consumer"
    OTHER = "other"


METRICS: Final = {
    metric: Work.RPC if metric.startswith("rpc.") else Work.HTTP for metric in names.SERVER_DURATION_METRICS
}
"""The work that each metric of requests served covers."""


def of_span(request: Request, kind: int, rpc: bool) -> Work:
    """Tell the work of a span of kind SERVER or CONSUMER; `rpc` says whether it has an RPC's method."""
    if kind == CONSUMER:
        return Work.CONSUMER
    if request.http:
        return Work.HTTP
    return Work.RPC if rpc else Work.OTHER


def covering(work: Work) -> frozenset[Work]:
    """The kinds of metrics that count this work already. A server's span that says neither HTTP nor RPC may be the same
    request as either, and must not count twice."""
    match work:
        case Work.OTHER:
            return frozenset((Work.HTTP, Work.RPC))
        case Work.CONSUMER:
            return frozenset()
        case _:
            return frozenset((work,))
