"""Which requests an objective counts, as stores of traces and incidents know them."""

from dataclasses import dataclass

from aiops.model.series import Labels
from aiops.model.slo import Protocol, Server, Slo


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRequests:
    """Requests that a service answered. An empty route or method matches all. With a `threshold` (seconds) slow ones
    are bad, otherwise failed ones. `exact`: there are no others among them, which the objective does not count."""

    service: str
    route: str
    method: str
    threshold: float | None
    exact: bool = True


def counted_requests(slo: Slo, group: Labels) -> CountedRequests | None:
    """Return the requests of a group of an objective; None where it counts something else than requests.

    The route of an RPC is `rpc.service/rpc.method`, so that a service or a method alone is no route."""
    of = slo.indicator
    if not isinstance(of, Server):
        return None
    split = dict(group)
    route, method = split.get("http.route", ""), split.get("http.request.method", "")
    exact = True
    if of.protocol != Protocol.RPC:
        route, method = of.route or route, of.method or method
    elif not route:
        exact = bool(of.route) == bool(of.method)
        route = f"{of.route}/{of.method}" if of.route and of.method else ""
    threshold = None if of.threshold is None else float(of.threshold)
    return CountedRequests(service=of.service, route=route, method=method, threshold=threshold, exact=exact)
