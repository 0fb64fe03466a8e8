"""The faults now in force in one service, and in the flag files its process cannot hold itself."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shop.catalogue import Fault
from shop.flags import Flags
from shop.kinds import KINDS, Acts
from shop.order import Order, Rejected

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Active:
    """A fault in force, with the Unix times at which it began and ends (None: when cleared)."""

    fault: Fault
    since: float
    until: float | None

    def as_json(self) -> dict[str, object]:
        """Return the entry of `/simulate/status`."""
        return {**self.fault.as_json(), "since": _iso(self.since), "until": _iso(self.until)}


class Board:
    """The faults in force; threads may use it together.

    Faults of the process itself (`gone`, `refused`) outlive it or cannot be reached over HTTP, so they stand in flag
    files when there is a run directory, and otherwise must say when they end.
    """

    def __init__(self, flags: Flags | None = None, clock: Clock = time.time) -> None:
        self._flags = flags
        self._clock = clock
        self._active: dict[tuple[str, str], Active] = {}
        self._changed = threading.Condition()

    def start(self, order: Order) -> Active:
        """Put a fault in force, in place of one of the same kind at the same service; a strength of 0 ends it.

        Raises `Rejected` when only flag files could end the fault and there are none.
        """
        fault, now = order.fault, self._clock()
        process = KINDS[fault.kind].acts is Acts.PROCESS
        if process and self._flags is None and order.for_seconds is None:
            allowed = "a number of seconds: without SHOP_RUN_DIR nothing else can end this fault"
            raise Rejected("for_seconds", None, allowed)
        active = Active(fault, now, None if order.for_seconds is None else now + order.for_seconds)
        if process and self._flags is not None:
            self._flags.raise_(fault.service, fault.kind, active.since, active.until)
            return active
        with self._changed:
            self._active.pop((fault.service, fault.kind), None)
            if fault.strength != 0:
                self._active[fault.service, fault.kind] = active
            self._changed.notify_all()
        return active

    def clear(self, service: str) -> None:
        """End every fault of a service, and wake what waits for it."""
        if self._flags is not None:
            self._flags.lower(service)
        with self._changed:
            self._active.clear()
            self._changed.notify_all()

    def active(self, service: str) -> tuple[Active, ...]:
        """Return the faults of a service that are in force now, oldest first."""
        now = self._clock()
        with self._changed:
            for key, active in tuple(self._active.items()):
                if active.until is not None and active.until <= now:
                    del self._active[key]
            held = tuple(active for active in self._active.values() if active.fault.service == service)
        raised = self._flags.raised(service, now) if self._flags is not None else ()
        flagged = (Active(Fault(flag.kind, service), flag.since, flag.until) for flag in raised)
        return tuple(sorted((*held, *flagged), key=lambda active: active.since))

    def at(self, acts: Acts, path: str) -> tuple[Active, ...]:
        """Return the faults in force at one point of one endpoint's requests."""
        with self._changed:
            if not self._active:
                return ()
            now = self._clock()
            return tuple(
                active
                for active in self._active.values()
                if active.fault.endpoint == path
                and KINDS[active.fault.kind].acts is acts
                and (active.until is None or active.until > now)
            )

    def hold(self, active: Active, seconds: float) -> None:
        """Sleep for as long as the fault stays in force, at most `seconds`."""
        key = (active.fault.service, active.fault.kind)
        if active.until is not None:
            seconds = min(seconds, active.until - self._clock())
        with self._changed:
            self._changed.wait_for(lambda: self._active.get(key) is not active, max(seconds, 0.0))


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
