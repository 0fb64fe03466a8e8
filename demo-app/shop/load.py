"""Load: customers who arrive when they like, whether or not the shop keeps up."""

import http.client
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from urllib.parse import urlsplit

from shop.parent import Parent
from shop.profile import MIX, Share
from shop.topology import ENDPOINTS

TIMEOUT_SECONDS = 15.0
MOST_IN_FLIGHT = 160
PROGRESS_SECONDS = 5.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer: when, in seconds from the start, and what for."""

    at_seconds: float
    path: str


def arrivals(rng: random.Random, rate: float, mix: Sequence[Share] = MIX) -> Iterator[Arrival]:
    """Yield a Poisson process of `rate` arrivals a second, without end."""
    paths, shares = [share.path for share in mix], [share.share for share in mix]
    at_seconds = 0.0
    while True:
        at_seconds += rng.expovariate(rate)
        yield Arrival(at_seconds, rng.choices(paths, shares)[0])


class Load:
    """Sends arrivals to a gateway and counts what comes of them."""

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._netloc = urlsplit(url).netloc
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._stopping = False
        self._in_flight = self._sent = self._dropped = self._answered = self._errors = self._unanswered = 0

    def run(self, arriving: Iterator[Arrival], duration: float | None, progress: bool) -> None:
        """Send until `duration` seconds are over or `stop` is called, then wait for what is in flight."""
        start = shown = time.monotonic()
        for arrival in arriving:
            if duration is not None and arrival.at_seconds > duration:
                break
            while (early := start + arrival.at_seconds - time.monotonic()) > 0 and not self._stopping:
                time.sleep(min(early, POLL_SECONDS))
            if self._stopping:
                return
            self._admit(arrival.path)
            if progress and time.monotonic() - shown >= PROGRESS_SECONDS:
                shown = time.monotonic()
                sys.stderr.write(f"{self.line()}\n")
        over = time.monotonic() + self._timeout_seconds
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

    def _admit(self, path: str) -> None:
        with self._lock:
            if self._in_flight >= MOST_IN_FLIGHT:
                self._dropped += 1
                return
            self._in_flight += 1
            self._sent += 1
        threading.Thread(target=self._send, args=(path,), daemon=True).start()

    def _send(self, path: str) -> None:
        status = None
        connection = http.client.HTTPConnection(self._netloc, timeout=self._timeout_seconds)
        try:
            connection.request(ENDPOINTS[path].method, path)
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


def run(url: str, rate: float, seed: int, duration: float | None, progress: bool, parent_pid: int | None) -> None:
    """Send load until SIGTERM or SIGINT, or for `duration` seconds, and print one line of counts."""
    Parent(parent_pid).watch()
    load = Load(url)

    def stop(_number: int, _frame: FrameType | None) -> None:
        load.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    load.run(arrivals(random.Random(seed), rate), duration, progress)
    sys.stderr.write(f"{load.line()}\n")
