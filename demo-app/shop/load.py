"""Load: customers who arrive when they like, whether or not the shop keeps up."""

import http.client
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from urllib.parse import urlsplit

from shop import names
from shop.flags import POLL_SECONDS, Flags
from shop.kinds import DROP, SURGE
from shop.parent import tie
from shop.profile import MIX, TENANTS, Share
from shop.settings import Settings
from shop.topology import ENDPOINTS, GATEWAY

TIMEOUT_SECONDS = 15.0
GRACE_SECONDS = 5.0
"""How much later than its timeout a request may end on a busy machine."""
MOST_IN_FLIGHT = 160
PROGRESS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer: when, in seconds from the start, what for, and of which tenant."""

    at_seconds: float
    path: str
    tenant: str


def arrivals(
    rng: random.Random, rate: float, mix: Sequence[Share] = MIX, tenants: Mapping[str, float] = TENANTS
) -> Iterator[Arrival]:
    """Yield a Poisson process of `rate` arrivals a second, without end."""
    paths, shares = [share.path for share in mix], [share.share for share in mix]
    belong, parts = list(tenants), list(tenants.values())
    at_seconds = 0.0
    while True:
        at_seconds += rng.expovariate(rate)
        yield Arrival(at_seconds, rng.choices(paths, shares)[0], rng.choices(belong, parts)[0])


class Crowd:
    """How many of the customers come, as flag files of the gateway say."""

    def __init__(self, flags: Flags | None, rng: random.Random) -> None:
        self._flags = flags
        self._rng = rng
        self._looked = 0.0
        self._strengths: Mapping[str, float] = {}

    def times(self) -> float:
        """Return how many times the usual rate they come at."""
        return self._look().get(SURGE.name, 1.0)

    def stays_away(self) -> bool:
        """Draw whether the next customer stays away."""
        return self._rng.random() < self._look().get(DROP.name, 0.0)

    def _look(self) -> Mapping[str, float]:
        if self._flags is not None and time.monotonic() - self._looked >= POLL_SECONDS:
            self._looked = time.monotonic()
            raised = self._flags.raised(GATEWAY, time.time())
            self._strengths = {active.fault.kind: active.fault.strength or 0.0 for active in raised}
        return self._strengths


class Load:
    """Sends arrivals to a gateway and counts what comes of them."""

    def __init__(self, url: str, crowd: Crowd, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._netloc = urlsplit(url).netloc
        self._crowd = crowd
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._stopping = False
        self._in_flight = self._sent = self._dropped = self._answered = self._errors = self._unanswered = 0

    def run(self, arriving: Iterator[Arrival], duration: float | None, progress: bool) -> None:
        """Send until `duration` seconds are over or `stop` is called, then wait for what is in flight.

        The seconds of the arrivals pass faster while more customers come.
        """
        now = shown = time.monotonic()
        passed = 0.0
        for arrival in arriving:
            if duration is not None and arrival.at_seconds > duration:
                break
            while passed < arrival.at_seconds and not self._stopping:
                times = self._crowd.times()
                time.sleep(min((arrival.at_seconds - passed) / times, POLL_SECONDS))
                before, now = now, time.monotonic()
                passed += (now - before) * times
            if self._stopping:
                return
            if not self._crowd.stays_away():
                self._admit(arrival)
            if progress and time.monotonic() - shown >= PROGRESS_SECONDS:
                shown = time.monotonic()
                sys.stderr.write(f"{self.line()}\n")
        over = time.monotonic() + self._timeout_seconds + GRACE_SECONDS
        while self._in_flight and time.monotonic() < over and not self._stopping:
            time.sleep(0.02)

    def stop(self) -> None:
        """Make `run` return soon; safe in a signal handler, which may take no lock."""
        self._stopping = True

    def line(self) -> str:
        """Return the counts so far, on one line."""
        with self._lock:
            return (
                f"shop: load: sent {self._sent}, answered {self._answered} ({self._errors} of them 5xx), "
                f"unanswered {self._unanswered}, in flight {self._in_flight}, "
                f"dropped {self._dropped} (more than {MOST_IN_FLIGHT} in flight)"
            )

    def _admit(self, arrival: Arrival) -> None:
        with self._lock:
            if self._in_flight >= MOST_IN_FLIGHT:
                self._dropped += 1
                return
            self._in_flight += 1
            self._sent += 1
        threading.Thread(target=self._send, args=(arrival,), daemon=True).start()

    def _send(self, arrival: Arrival) -> None:
        status = None
        connection = http.client.HTTPConnection(self._netloc, timeout=self._timeout_seconds)
        try:
            headers = {"baggage": f"{names.TENANT}={arrival.tenant}"}
            connection.request(ENDPOINTS[arrival.path].method, arrival.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
            with self._lock:
                self._in_flight -= 1
                self._answered += status is not None
                self._unanswered += status is None
                self._errors += status is not None and status >= 500


def run(url: str, rate: float, seed: int, duration: float | None, progress: bool, settings: Settings) -> None:
    """Send load until SIGTERM or SIGINT, or for `duration` seconds, and print one line of counts."""
    if settings.tied:
        tie()
    load = Load(url, Crowd(Flags.of(settings), random.Random(f"{seed} crowd")))

    def stop(_number: int, _frame: FrameType | None) -> None:
        load.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    load.run(arrivals(random.Random(seed), rate), duration, progress)
    sys.stderr.write(f"{load.line()}\n")
