"""What the engine does under attack: each line tries something a stranger or a careless program may do.

    python -m bench.attacks [NAME ...] [--check]

Everything stays on this machine and is bounded in number and time. `--check` ends with 1 where a line is not right.
"""

import argparse
import contextlib
import gzip
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cramjam
import grpc
import requests
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no stubs are published
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no stubs are published
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from bench.attacked import TOKEN, Attacked, Peak, engine
from bench.offers import empty_spans, export, wide_histogram

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
REQUEST = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: {size}\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the table."""

    tried: str
    seen: str
    right: bool


def _served(of: Attacked, seconds: float) -> tuple[int, int, float]:
    """Ask for a page and send an export again and again: how often, how often in vain, and the longest wait."""
    until, tries, failed, longest = time.monotonic() + seconds, 0, 0, 0.0
    while time.monotonic() < until:
        for ask in (of.page, of.send):
            began = time.monotonic()
            tries, failed = tries + 1, failed + (not ask())
            longest = max(longest, time.monotonic() - began)
        time.sleep(0.2)
    return tries, failed, longest


def _said(served: tuple[int, int, float]) -> str:
    tries, failed, longest = served
    return f"{tries - failed} of {tries} pages and exports answered, longest {longest:.1f} s"


@contextlib.contextmanager
def _connections(ports: list[int], count: int) -> Iterator[list[socket.socket]]:
    """Open connections, spread over ports; those that are refused are left out."""
    opened: list[socket.socket] = []
    try:
        for number in range(count):
            with contextlib.suppress(OSError):
                opened.append(socket.create_connection(("127.0.0.1", ports[number % len(ports)]), timeout=5))
        yield opened
    finally:
        for one in opened:
            one.close()


def idle() -> Seen:
    """Connections that say nothing."""
    with engine() as of:
        pid = of.process.children()[0].pid
        with _connections([of.http], 1200), _connections([of.pages], 1200), _connections([of.grpc], 300):
            served = _served(of, 10)
        same = of.process.children()[0].pid == pid
        after = _served(of, 1)
        right = served[1] == after[1] == 0 and same
        return Seen(
            "1,200 on OTLP/HTTP, 1,200 on the pages, 300 on gRPC", f"{_said(served)}; {_said(after)} after", right
        )


def slow() -> Seen:
    """Requests that come a byte at a time."""
    with engine() as of, _connections([of.pages, of.http], 300) as lines:
        ending = threading.Event()

        def trickle() -> None:
            heads = [REQUEST.format(path="/v1/traces", size=100_000).encode()] * len(lines)
            at = 0
            while not ending.wait(0.5):
                for head, line in zip(heads, lines, strict=True):
                    with contextlib.suppress(OSError):
                        line.send(head[at : at + 1])
                at += 1

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        served = _served(of, 20)
        ending.set()
        thread.join()
        return Seen("150 on the pages and 150 on OTLP/HTTP, a byte every 0.5 s", _said(served), served[1] == 0)


def slow_grpc() -> Seen:
    """Calls whose export does not come."""
    with engine() as of, grpc.insecure_channel(f"127.0.0.1:{of.grpc}") as channel:
        ending = threading.Event()

        def nothing() -> Iterator[bytes]:
            ending.wait(60)
            yield b""

        calls = [channel.stream_unary(EXPORT, None, None).future(nothing()) for _ in range(40)]
        time.sleep(1)
        with grpc.insecure_channel(f"127.0.0.1:{of.grpc}", options=[("grpc.use_local_subchannel_pool", 1)]) as honest:
            taken = 0
            for _ in range(5):
                with contextlib.suppress(grpc.RpcError):
                    honest.unary_unary(EXPORT, None, None)(export(20), timeout=10)
                    taken += 1
        ending.set()
        for one in calls:
            one.cancel()
        return Seen("40 calls without a message", f"{taken} of 5 honest exports taken within 10 s each", taken == 5)


def unfinished() -> Seen:
    """Bodies without a token that do not end."""
    with engine(TOKEN) as of, _connections([of.http], 6) as lines:
        answers = []
        with Peak(of) as peak:
            for line in lines:
                line.settimeout(3)
                with contextlib.suppress(OSError):
                    line.sendall(REQUEST.format(path="/v1/traces", size=9 << 20).encode())
                    answers.append(line.recv(12))
                with contextlib.suppress(OSError):
                    line.sendall(b"x" * (8 << 20))
        files, honest = of.files(), of.send(9000, timeout=60)
        right = answers == [b"HTTP/1.1 401"] * 6 and not files and honest and peak.grown < 64
        return Seen(
            "6 × 8 MB without a token",
            f"{len([one for one in answers if one.endswith(b'401')])} × 401 before the body, {files} bytes on a disk, "
            f"memory +{peak.grown:.0f} MB, an honest export of 9,000 spans {'taken' if honest else 'fails'}",
            right,
        )


def unfinished_open() -> Seen:
    """The same on a receiver that is open."""
    with engine() as of, _connections([of.http], 30) as lines:
        with Peak(of) as peak:
            for line in lines:
                line.settimeout(3)
                with contextlib.suppress(OSError):
                    line.sendall(REQUEST.format(path="/v1/traces", size=9 << 20).encode())
                    line.sendall(b"x" * (8 << 20))
        files, honest = of.files(), of.send(9000, timeout=60)
        return Seen(
            "30 × 8 MB on an open receiver",
            f"{files} bytes on a disk, memory +{peak.grown:.0f} MB, an honest export of 9,000 spans "
            f"{'taken' if honest else 'fails'}",
            honest and not files and peak.grown < 64,
        )


def small() -> Seen:
    """A small body that would become large once it is built, or decompressed."""
    bodies = {
        "gzip": empty_spans(16 << 20),
        "zstd": bytes(cramjam.zstd.compress(gzip.decompress(empty_spans(16 << 20)))),
        "snappy": bytes(cramjam.snappy.compress_raw(bytes(64 << 20))),
        "deflate": gzip.compress(bytes(1 << 30)),
    }
    with engine() as of, Peak(of) as peak:
        answers = []
        used = sum(one.cpu_times().user for one in of.processes())
        for encoding, body in bodies.items():
            headers = of.headers | {"Content-Encoding": encoding}
            answer = requests.post(f"http://127.0.0.1:{of.http}/v1/traces", body, headers=headers, timeout=60)
            answers.append(f"{encoding} {len(body) / 1024:.0f} KB: {answer.status_code}")
        used = sum(one.cpu_times().user for one in of.processes()) - used
        grown = peak.grown
        right = all(one.endswith("413") for one in answers) and grown <= 64 and of.send()
        return Seen(
            "16 MB of empty spans, 64 MB and 1 GB of zeros, compressed",
            f"{', '.join(answers)}; memory +{grown:.0f} MB, {used:.1f} s of CPU",
            right,
        )


def wide() -> Seen:
    """A histogram of very many bounds."""
    body = wide_histogram(200_000)
    with engine() as of, Peak(of) as peak:
        headers = of.headers | {"Content-Encoding": "gzip"}
        answer = requests.post(f"http://127.0.0.1:{of.http}/v1/metrics", body, headers=headers, timeout=60)
        said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
        right = said.rejected_data_points == 1 and peak.grown <= 64
        return Seen(
            f"200,000 bounds in {len(body) >> 10} KB",
            f"{answer.status_code}, {said.error_message!r}, memory +{peak.grown:.0f} MB",
            right,
        )


def crowd() -> Seen:
    """Many clients of gRPC at once."""
    exports, spans = 256, 500
    told, untold, lost = [0], [0], [0]

    def client(of: Attacked) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{of.grpc}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            for _ in range(exports // 64):
                body = export(spans)
                for _ in range(60):
                    try:
                        channel.unary_unary(EXPORT, None, None)(body, timeout=30)
                        break
                    except grpc.RpcError as error:
                        (told if _retry(error) else untold)[0] += 1
                        time.sleep(1)
                else:
                    lost[0] += 1

    with engine() as of:
        with ThreadPoolExecutor(64) as pool:
            for _ in range(64):
                pool.submit(client, of)
        deadline = time.monotonic() + 60
        while (taken := of.accepted()) < exports * spans and time.monotonic() < deadline:
            time.sleep(1)
        right = untold[0] == lost[0] == 0 and taken == exports * spans
        return Seen(
            f"64 clients, {exports} exports of {spans} spans over gRPC",
            f"{told[0]} asked to come again, {untold[0]} refused without a word; "
            f"{taken} of {exports * spans} spans stored",
            right,
        )


def _retry(error: grpc.RpcError) -> bool:
    trailing = dict(error.trailing_metadata() or ())
    status, info = Status.FromString(trailing.get("grpc-status-details-bin", b"")), RetryInfo()
    return bool(status.details) and bool(status.details[0].Unpack(info))


def names() -> Seen:
    """A foreign name, and a web page of somebody else."""
    seen = []
    right = True
    for title, where, headers, expected in (
        ("OTLP under a foreign name", "http", {"Host": "rebound.example.org"}, 403),
        ("OTLP from a web page", "http", {"Origin": "https://example.org"}, 403),
        ("OTLP under localhost", "http", {"Host": "localhost:4318"}, 200),
        ("pages under a foreign name", "pages", {"Host": "rebound.example.org"}, 403),
        ("pages under public_url", "pages", {"Host": "aiops.example.com"}, 200),
    ):
        with engine(TOKEN, AIOPS_HOST="0.0.0.0", AIOPS_PUBLIC_URL="https://aiops.example.com") as of:
            if where == "http":
                url = f"http://127.0.0.1:{of.http}/v1/traces"
                answer = requests.post(url, export(1), headers=of.headers | headers, timeout=10)
            else:
                answer = requests.get(f"http://127.0.0.1:{of.pages}/", headers=of.headers | headers, timeout=10)
        seen.append(f"{title}: {answer.status_code}")
        right = right and answer.status_code == expected
    return Seen("Host and Origin, pages bound to all addresses", "; ".join(seen), right)


ATTACKS: dict[str, Callable[[], Seen]] = {
    "idle connections": idle,
    "slow clients": slow,
    "slow gRPC": slow_grpc,
    "unfinished bodies": unfinished,
    "unfinished, open": unfinished_open,
    "small body, big parse": small,
    "huge histogram": wide,
    "gRPC, 64 clients": crowd,
    "host header": names,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(ATTACKS)} (default all)")
    parser.add_argument("--check", action="store_true", help="end with 1 where a line is not right")
    arguments = parser.parse_args()
    wrong = 0
    print("| attack | tried | seen | |\n| --- | --- | --- | --- |")
    for name in arguments.names or ATTACKS:
        found = ATTACKS[name]()
        wrong += not found.right
        print(f"| {name} | {found.tried} | {found.seen} | {'right' if found.right else 'WRONG'} |", flush=True)
    sys.exit(1 if wrong and arguments.check else 0)


if __name__ == "__main__":
    main()
