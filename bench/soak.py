"""Ten minutes of honest spans beside idle and slow connections: pages answer, nothing accepted is lost, memory is flat.

    python -m bench.soak [--seconds 600] [--rate 300] [--idle 500] [--slow 100]

It ends with 1 where one of these is not so.
"""

import argparse
import contextlib
import random
import socket
import sys
import threading
import time

import requests

from bench.attacked import Attacked, engine
from bench.offers import export

BATCH = 100  # spans of an export
SLOWLY = 20.0  # seconds from one byte of a slow client to its next
SETTLED = 0.4  # of the time: memory is compared from then on, when state is learned and caches are full
FLAT = 1.15


class Beside:
    """Connections that say nothing, and some that say a byte from time to time, half on the pages, half on OTLP."""

    def __init__(self, of: Attacked, idle: int, slow: int) -> None:
        self._ports = [of.pages, of.http]
        self._quiet: list[socket.socket | None] = [None] * idle
        self._slow: list[socket.socket | None] = [None] * slow
        self.again = 0

    def tend(self) -> None:
        """Open what is closed, as clients do that come back."""
        for lines in (self._quiet, self._slow):
            for at, one in enumerate(lines):
                if one is None or _closed(one):
                    self.again += one is not None
                    lines[at] = None
                    with contextlib.suppress(OSError):
                        lines[at] = socket.create_connection(("127.0.0.1", self._ports[at % 2]), timeout=5)
        for one in self._slow:
            if one is not None:
                with contextlib.suppress(OSError):
                    one.send(b"G")

    def close(self) -> None:
        for one in [*self._quiet, *self._slow]:
            if one is not None:
                one.close()


def _closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        with contextlib.suppress(OSError):
            one.settimeout(5)


class Sender:
    """Sends so many spans a second, each until it is taken; counts what was."""

    def __init__(self, of: Attacked, rate: float, ending: threading.Event) -> None:
        self._of, self._rate, self._ending = of, rate, ending
        self.taken = self.refused = 0

    def run(self) -> None:
        rng, due = random.Random(1), time.monotonic()
        with requests.Session() as session:
            while not self._ending.wait(max(0.0, due - time.monotonic())):
                due += BATCH / self._rate
                self._send(session, export(BATCH, rng))

    def _send(self, session: requests.Session, body: bytes) -> None:
        url = f"http://127.0.0.1:{self._of.http}/v1/traces"
        while True:
            # The same spans again are stored once: an answer that got lost loses and doubles nothing.
            with contextlib.suppress(requests.RequestException):
                if session.post(url, body, headers=self._of.headers, timeout=30).status_code == 200:
                    self.taken += BATCH
                    return
            self.refused += 1
            if self._ending.wait(1.0):
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default 600)")
    parser.add_argument("--rate", type=float, default=300.0, help="spans a second (default 300)")
    parser.add_argument("--idle", type=int, default=500, help="idle connections (default 500)")
    parser.add_argument("--slow", type=int, default=100, help="slow ones (default 100)")
    arguments = parser.parse_args()
    with engine() as of:
        ending = threading.Event()
        sender, beside = Sender(of, arguments.rate, ending), Beside(of, arguments.idle, arguments.slow)
        sending = threading.Thread(target=sender.run)
        sending.start()
        began = time.monotonic()
        pages: list[float] = []
        failed, memory, tended = 0, [], -SLOWLY
        while (at := time.monotonic() - began) < arguments.seconds:
            if at - tended >= SLOWLY:
                beside.tend()
                tended = at
            asked = time.monotonic()
            failed += not of.page(timeout=30)
            pages.append(time.monotonic() - asked)
            memory.append((at, of.megabytes()))
            time.sleep(1.0)
        ending.set()
        sending.join()
        beside.close()
        deadline = time.monotonic() + 30
        while of.accepted() < sender.taken and time.monotonic() < deadline:
            time.sleep(0.5)
        accepted = of.accepted()
    settled = [held for at, held in memory if at >= SETTLED * arguments.seconds]
    third = max(1, len(settled) // 3)
    early, late = max(settled[:third]), max(settled[-third:])
    print(f"spans taken {sender.taken}, stored {accepted}; exports that had to come again {sender.refused}")
    print(f"pages {len(pages)}, without an answer {failed}, longest {max(pages):.1f} s")
    print(f"connections opened again {beside.again}")
    print(f"memory of both processes {early:.0f} MB, at the end {late:.0f} MB")
    right = accepted >= sender.taken and not failed and late <= early * FLAT
    print("right" if right else "WRONG")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
