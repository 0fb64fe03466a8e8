"""The kind of operation of a request: metrics of one kind do not count the other kinds of the same service."""

from enum import StrEnum
from typing import Final

from aiops.model import names
from aiops.sources.common.conventions import CONSUMER, Request


class Work(StrEnum):
    """HTTP and RPC have their own metrics; OTHER is a server span that is neither."""

    HTTP = "http"
    RPC = "rpc"
    CONSUMER = "consumer"
    OTHER = "other"


METRICS: Final = {
    metric: Work.RPC if metric.startswith("rpc.") else Work.HTTP for metric in names.SERVER_DURATION_METRICS
}
"""The kind of operation that each metric of requests served counts."""


def of_span(request: Request, kind: int, rpc: bool) -> Work:
    """Return the kind of a span of kind SERVER or CONSUMER; `rpc`: it has the method of an RPC."""
    if kind == CONSUMER:
        return Work.CONSUMER
    if request.http:
        return Work.HTTP
    return Work.RPC if rpc else Work.OTHER


def covering(work: Work) -> frozenset[Work]:
    """Return the kinds of metrics that already count this kind. A server span that is neither HTTP nor RPC may be the
    same request as either, and must not count twice."""
    match work:
        case Work.OTHER:
            return frozenset((Work.HTTP, Work.RPC))
        case Work.CONSUMER:
            return frozenset()
        case _:
            return frozenset((work,))
