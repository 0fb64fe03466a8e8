"""Warnings about objectives that can be read but will not do what their author meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from aiops.model import Protocol, Server, Slo, names
from aiops.slo.rules import tiers
from aiops.slo.spec import durations


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about an objective for its author; `wrong` where the objective cannot work."""

    slo: Slo
    text: str
    wrong: bool = False

    def __str__(self) -> str:
        return f"{self.slo.place}: {self.slo.name}: {self.text}"


def lint(
    slos: Sequence[Slo], retention_seconds: float, bounds: Sequence[float] | None = names.DURATION_BOUNDS
) -> list[Note]:
    """Check objectives one by one. `retention_seconds` is how long the store of metrics keeps data. `bounds` are the
    buckets of duration histograms (seconds); None: they are checked elsewhere."""
    return [note for slo in slos for note in _notes(slo, retention_seconds, bounds)]


def _notes(slo: Slo, retention: float, bounds: Sequence[float] | None) -> Iterator[Note]:
    for tier in tiers.TIERS:
        if tier.urgency in slo.alerts and (why := tiers.dead(slo, tier)):
            yield Note(slo, why)
    if slo.alerts and not any(tiers.live(slo)):
        yield Note(slo, "no tier is left: nothing ever tells that this objective burns; choose a higher target", True)
    of = slo.indicator
    if isinstance(of, Server) and of.threshold is not None and not of.native and bounds is not None:
        exact = sorted(Decimal(str(one)) for one in bounds)
        if of.threshold not in exact:
            near = [
                *[one for one in exact if one < of.threshold][-1:],
                *[one for one in exact if one > of.threshold][:1],
            ]
            shown = " or ".join(f"{one:f}s" for one in near)
            bound = tiers.plain_number(of.threshold)
            yield Note(slo, f"no bucket ends at {bound} s, so nothing can be counted; take {shown}", True)
    if isinstance(of, Server) and of.protocol == Protocol.RPC and of.method and not of.route:
        yield Note(slo, "has a method but no route (the RPC service): methods of all services are counted together")
    period = tiers.seconds(slo.period)
    if slo.slices is not None:
        budget = slo.allowed * period / slo.slices.seconds
        if budget < 1:
            yield Note(
                slo, f"the budget is {tiers.plain_number(budget)} slices in {slo.period.text}: one bad slice breaks it"
            )
    if retention < period:
        kept = durations.promql_duration(int(retention))
        yield Note(
            slo,
            f"the store of metrics forgets after {kept}: a budget of {slo.period.text} cannot be read from it",
        )
    longest = max((tier.long for tier in tiers.live(slo)), default=0)
    if retention < longest:
        yield Note(slo, f"burn over {durations.promql_duration(longest)} needs metrics that are kept as long", True)
