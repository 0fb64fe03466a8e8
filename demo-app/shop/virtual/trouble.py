"""Which faults are in force when, and what they do to each operation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify

from shop.catalogue import Fault
from shop.kinds import KINDS, Acts
from shop.profile import POOL_CONNECTIONS, RAMP_SECONDS
from shop.virtual.graph import Graph


@dataclass(frozen=True, slots=True)
class Timed:
    """A fault from `start` to `end`, Unix seconds."""

    fault: Fault
    start: float
    end: float


@dataclass(slots=True)
class Effects:
    """What an operation suffers now: seconds and shares, 0 where nothing."""

    slower: float = 0.0
    ramp: tuple[float, float] | None = None  # start, seconds at the end of the ramp
    query: float = 0.0
    network: dict[str, float] = field(default_factory=dict)  # by caller; "" is every one
    errors: float = 0.0
    exception: float = 0.0
    tenant: float = 0.0
    retries: float = 0.0
    timeout: float = 0.0
    times: int = 1
    hold: float = 0.0
    free: list[float] = field(default_factory=list)  # when each connection of the pool is free again
    refuses: bool = False  # nothing answers at its address
    gone: bool = False  # and its process sends nothing
    cut: bool = False  # its dependency refuses
    version: float | None = None  # share that the new version fails
    deployed: bool = False

    def delay(self, now: float) -> float:
        """Seconds added to the work of a request."""
        if self.ramp is None:
            return self.slower
        start, most = self.ramp
        return self.slower + most * min(1.0, max(0.0, (now - start) / RAMP_SECONDS))


class Trouble:
    """The faults of one run. `at` is asked with times that hardly go back."""

    def __init__(self, graph: Graph, faults: Sequence[Timed]) -> None:
        self._graph = graph
        self._faults = tuple(faults)
        self._since, self._until = 0.0, float("-inf")
        self._now: dict[str, Effects] = {}
        self.load = 1.0

    @property
    def boundaries(self) -> tuple[float, ...]:
        """When something begins or ends."""
        return tuple(sorted({time for one in self._faults for time in (one.start, one.end)}))

    def ramps(self) -> bool:
        """Whether some fault changes while it lasts."""
        return any(one.fault.kind == "gradual" for one in self._faults)

    def at(self, now: float) -> dict[str, Effects]:
        """Effects by operation; operations without any are absent. Sets `load`, the factor on the customers."""
        if not self._since <= now < self._until:
            inside = [time for time in self.boundaries if time <= now]
            later = [time for time in self.boundaries if time > now]
            self._since, self._until = max(inside, default=float("-inf")), min(later, default=float("inf"))
            self._now, self.load = {}, 1.0
            for one in self._faults:
                if one.start <= now < one.end:
                    self._apply(one)
        return self._now

    def gone(self, now: float) -> set[str]:
        """Services whose process is away."""
        return {key.partition(" ")[0] for key, one in self.at(now).items() if one.gone}

    def _apply(self, timed: Timed) -> None:
        fault, strength = timed.fault, timed.fault.strength or 0.0
        if KINDS[fault.kind].acts is Acts.LOAD:
            self.load *= strength if fault.kind == "surge" else 1.0 - strength
            return
        for key, operation in self._graph.operations.items():
            if operation.service != fault.service or fault.endpoint not in (None, operation.route):
                continue
            effects = self._now.setdefault(key, Effects())
            match fault.kind:
                case "latency":
                    effects.slower += strength / 1000
                case "gradual":
                    effects.ramp = (timed.start, strength / 1000)
                case "query":
                    effects.query += strength / 1000
                case "network":
                    effects.network[fault.caller or ""] = strength / 1000
                case "errors":
                    effects.errors = strength
                case "exception":
                    effects.exception = strength
                case "tenant":
                    effects.tenant = strength
                case "retries":
                    effects.retries = strength
                case "timeout":
                    effects.timeout = strength
                case "n-plus-one":
                    effects.times = max(round(strength), 1)
                case "pool":
                    effects.hold = strength / 1000
                    effects.free = [timed.start] * POOL_CONNECTIONS
                    heapify(effects.free)
                case "refused":
                    effects.refuses = True
                case "gone":
                    effects.refuses = effects.gone = True
                case "dependency":
                    effects.cut = True
                case "version":
                    effects.version = strength
                case "deploy":
                    effects.deployed = True
                case _:
                    raise ValueError(f"the model does not know the kind {fault.kind!r}")
