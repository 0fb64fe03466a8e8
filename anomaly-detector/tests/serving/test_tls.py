"""A server that speaks TLS: its certificate, its clients, and what is no TLS."""

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from made_up.certificates import Authority, Pair

from aiops.http.serving import Capacity, Certificates, Door, HttpServer, NoCertificate, TlsFiles
from aiops.testing.waiting import until

from .test_server import BODY, Application, answer, head, wanted

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


@dataclass
class Served:
    """A server with TLS, the authority of its certificate, and what was told of changes."""

    server: HttpServer
    authority: Authority
    pair: Pair
    told: list[bool] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.port}/"

    def line(self, low: ssl.TLSVersion | None = None, buffer: int = 0) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.authority.file)
        if low is not None:
            context.minimum_version = context.maximum_version = low
        plain = socket.socket()
        plain.settimeout(60)
        if buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plain.connect(("127.0.0.1", self.server.port))
        return context.wrap_socket(plain, server_hostname="localhost")

    def serial(self) -> int:
        with self.line() as line:
            found = line.getpeercert()
            assert found
            return int(str(found["serialNumber"]), 16)

    def status(self, **more: object) -> int:
        return requests.get(self.url, timeout=20, verify=self.authority.file, **more).status_code  # type: ignore[arg-type]


@contextlib.contextmanager
def serving(folder: Path, client_ca: str = "", application: "WSGIApplication | None" = None) -> Iterator[Served]:
    authority = Authority(folder)
    pair, told = authority.issue("server"), []
    certificates = Certificates(TlsFiles(pair.certificate, pair.key, client_ca), told.append)
    capacity = Capacity(threads=2, certificates=certificates, headers={"X-Frame-Options": "DENY"})
    made = HttpServer(application or Application(), Door(BODY, wanted), ("127.0.0.1", 0), capacity)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield Served(made, authority, pair, told)
    finally:
        made.close()
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as one:
        yield one


@pytest.mark.parametrize("size", [0, 1, 20_000, BODY])
def test_bodies_of_any_size_arrive(served: Served, size: int) -> None:
    with requests.post(
        served.url, data=b"x" * size, headers={"Authorization": "Bearer x"}, verify=served.authority.file, timeout=20
    ) as found:
        assert (found.status_code, found.text) == (200, str(size))


def test_a_connection_serves_several_requests(served: Served) -> None:
    with served.line() as line:
        for _ in range(3):
            line.sendall(head(3) + b"abc")
            assert answer(line).endswith(b"3")


def test_many_at_once(served: Served) -> None:
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(served.status())) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [200] * 20


def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    with served.line() as line:
        for byte in head(2) + b"ab":
            line.sendall(bytes([byte]))
        assert answer(line).endswith(b"2")


def test_a_body_that_is_not_wanted_is_answered(served: Served) -> None:
    with served.line() as line:
        line.sendall(head(BODY, token=False) + b"x" * BODY)
        assert answer(line).startswith(b"HTTP/1.1 401")


def test_what_is_no_tls_is_closed_and_harms_nobody(served: Served) -> None:
    for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 200, b""):
        with socket.create_connection(("127.0.0.1", served.server.port), timeout=20) as plain:
            plain.sendall(said)
            with contextlib.suppress(OSError):  # it may be closed already
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(4096):
                    pass
    with contextlib.ExitStack() as stack:
        for _ in range(50):  # they connect and say nothing
            stack.enter_context(socket.create_connection(("127.0.0.1", served.server.port), timeout=20))
        assert served.status() == 200
    until(lambda: not served.server.ledger.connections, 20)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_versions_are_refused(served: Served) -> None:
    for good in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with served.line(good) as line:
            line.sendall(head())
            assert answer(line).startswith(b"HTTP/1.1 200")
    with pytest.raises(OSError):
        served.line(ssl.TLSVersion.TLSv1_1)


def test_a_changed_certificate_is_served_without_a_restart(served: Served) -> None:
    assert served.serial() == served.pair.serial
    with served.line() as before:
        new = served.authority.issue("server")
        assert served.serial() == new.serial != served.pair.serial
        before.sendall(head())
        assert answer(before).startswith(b"HTTP/1.1 200"), "who is connected stays so"
    assert served.told == [True]


@pytest.mark.parametrize("how", ["nonsense", "empty", "gone", "the key of another"])
def test_a_broken_certificate_leaves_the_old_one(served: Served, how: str) -> None:
    certificate, key = Path(served.pair.certificate), Path(served.pair.key)
    good = certificate.read_bytes(), key.read_bytes()
    match how:
        case "nonsense":
            certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense")
        case "empty":
            certificate.write_text("")
        case "gone":
            certificate.unlink()
        case "the key of another":
            other = served.authority.issue("other")
            Path(other.key).replace(key)
    assert served.serial() == served.pair.serial
    assert served.status() == 200
    assert served.told == [False], "it is told once, not at each connection"
    certificate.write_bytes(good[0])
    key.write_bytes(good[1])
    assert served.serial() == served.pair.serial
    assert served.told == [False, True]


def test_clients_show_a_certificate_of_their_authority(tmp_path: Path) -> None:
    for name in ("server", "clients", "strangers"):
        (tmp_path / name).mkdir()
    clients, strangers = Authority(tmp_path / "clients", "clients"), Authority(tmp_path / "strangers", "clients")
    known, stranger = clients.issue("collector", client=True), strangers.issue("eve", client=True)
    no_client = clients.issue("for-servers")
    with serving(tmp_path / "server", clients.file) as served:
        assert served.status(cert=(known.certificate, known.key)) == 200
        for one in (None, (stranger.certificate, stranger.key), (no_client.certificate, no_client.key)):
            with pytest.raises(requests.ConnectionError):
                served.status(cert=one)


@pytest.mark.parametrize("wrong", ["certificate", "key"])
def test_without_a_certificate_it_does_not_start(tmp_path: Path, wrong: str) -> None:
    pair = Authority(tmp_path).issue("server")
    files = {"certificate": pair.certificate, "key": pair.key, wrong: str(tmp_path / "nowhere")}
    with pytest.raises(NoCertificate, match="tls_cert_file"):
        Certificates(TlsFiles(**files))


def test_answers_to_what_is_no_request_have_the_headers_too(served: Served) -> None:
    for said in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n"):
        with served.line() as line:
            line.sendall(said)
            found = answer(line)
            assert found[9:12] in (b"400", b"431")
            assert b"\r\nX-Frame-Options: DENY\r\n" in found


PARTS = 7
"""Of an answer, 128 KiB each: all are less than what the server would put into a file."""


class Large:
    """Answers with more than a connection's buffers hold, a part at a time, and as much of the body as it got."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        parts = [hashlib.sha256(body + bytes([number])).digest() * 4096 for number in range(PARTS)]
        start_response("200 OK", [("Content-Length", str(sum(map(len, parts))))])
        yield from parts


def test_large_answers_arrive_whole_at_slow_clients_while_others_ask(tmp_path: Path) -> None:
    with serving(tmp_path, application=Large()) as served, contextlib.ExitStack() as stack:
        lines = [stack.enter_context(served.line(buffer=8192)) for _ in range(4)]
        bodies = [bytes([65 + number]) * (1 + number * 9_000) for number in range(len(lines))]
        for line, body in zip(lines, bodies, strict=True):
            line.sendall(head(len(body)) + body)
        for line, body in zip(lines, bodies, strict=True):
            line.sendall(head(len(body)) + body)  # the next request comes while the answer is being written
        wanted_parts = [
            b"".join(hashlib.sha256(body + bytes([number])).digest() * 4096 for number in range(PARTS))
            for body in bodies
        ]
        found = {line: bytearray() for line in lines}
        missing = dict(zip(lines, wanted_parts, strict=True))
        while missing:  # a little of each in turn, so that all of them wait
            for line, one in list(missing.items()):
                found[line] += line.recv(60_000)
                if len(found[line]) > 2 * len(one) and found[line].endswith(one):
                    del missing[line]
        for line, one in zip(lines, wanted_parts, strict=True):
            first, second = (part.partition(b"\r\n\r\n")[2] for part in bytes(found[line]).split(b"HTTP/1.1 200")[1:])
            assert (first, second) == (one, one)
