"""The faults now in force in one service: in its memory, or in flag files when there is a run directory."""

import threading
import time
from collections.abc import Callable

from shop.flags import POLL_SECONDS, Active, Flags
from shop.kinds import DEPLOY, KINDS, VERSION, Acts
from shop.order import Order, Rejected

Clock = Callable[[], float]


class Board:
    """The faults in force; threads may use it together.

    With flag files, every process of a service, and the gateway, see and end the same faults. Without, a fault of the
    process itself, which cannot be ended over HTTP, must say when it ends, and what only other processes can make (a
    second version, more customers) is refused.
    """

    def __init__(self, service: str, flags: Flags | None = None, clock: Clock = time.time) -> None:
        self._service = service
        self._flags = flags
        self._clock = clock
        self._held: dict[tuple[str, str], Active] = {}
        self._changed = threading.Condition()

    def start(self, order: Order) -> Active:
        """Put a fault in force, in place of one of the same kind at the same service; a strength of 0 ends it.

        Raises `Rejected` when nothing could make the fault, or end it.
        """
        fault, now = order.fault, self._clock()
        if self._flags is None:
            _must_do_without_flags(order)
        active = Active(fault, now, None if order.for_seconds is None else now + order.for_seconds)
        with self._changed:
            if fault.strength == 0:
                self._end(fault.service, fault.kind)
            elif self._flags is not None:
                self._flags.raise_(active)
            else:
                self._held[fault.service, fault.kind] = active
            self._changed.notify_all()
        return active

    def clear(self, service: str | None = None) -> None:
        """End every fault of a service (None: of one's own), and wake what waits for it."""
        with self._changed:
            self._end(service or self._service)
            self._changed.notify_all()

    def active(self, service: str | None = None) -> tuple[Active, ...]:
        """Return the faults of a service (None: one's own) that are in force now, oldest first."""
        service, now = service or self._service, self._clock()
        if self._flags is not None:
            return self._flags.raised(service, now)
        with self._changed:
            for key, active in tuple(self._held.items()):
                if active.until is not None and active.until <= now:
                    del self._held[key]
            held = (active for active in self._held.values() if active.fault.service == service)
            return tuple(sorted(held, key=lambda active: active.since))

    def at(self, acts: Acts, path: str) -> tuple[Active, ...]:
        """Return the faults in force at one point of one endpoint's requests."""
        return tuple(a for a in self.active() if a.fault.endpoint == path and KINDS[a.fault.kind].acts is acts)

    def hold(self, active: Active, seconds: float) -> None:
        """Sleep for as long as the fault stays in force, at most `seconds`."""
        over = time.monotonic() + seconds
        with self._changed:
            while (left := over - time.monotonic()) > 0 and active in self.active(active.fault.service):
                ends = left if active.until is None else max(active.until - self._clock(), 0.0)
                self._changed.wait(min(left, ends, POLL_SECONDS))

    def _end(self, service: str, kind: str | None = None) -> None:
        if self._flags is not None:
            self._flags.lower(service, kind)
        for key in tuple(self._held):
            if key[0] == service and kind in (None, key[1]):
                del self._held[key]


def _must_do_without_flags(order: Order) -> None:
    kind = KINDS[order.fault.kind]
    if kind in (VERSION, DEPLOY) or kind.acts is Acts.LOAD:
        allowed = "another kind: without SHOP_RUN_DIR nobody would know of this fault; `shop up` sets one"
        raise Rejected("kind", kind.name, allowed)
    if kind.acts is Acts.PROCESS and order.for_seconds is None:
        allowed = "a number of seconds: without SHOP_RUN_DIR nothing else can end this fault"
        raise Rejected("for_seconds", None, allowed)
