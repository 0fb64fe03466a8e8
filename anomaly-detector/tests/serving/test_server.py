"""Clients who are slow, many or greedy take nothing from the others."""

import contextlib
import http.client
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
import requests
from waitress import wasyncore

from aiops.http.serving import BUSY, Capacity, Door, HttpServer
from aiops.testing.waiting import until

MOST, BODY = 20, 100_000


class Application:
    """Says how many bytes of a body it got; refuses who has no token, as its door does."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        refused = "HTTP_AUTHORIZATION" not in environ and environ["REQUEST_METHOD"] == "POST"
        large = int(environ.get("CONTENT_LENGTH") or 0) > BODY
        status = "401 No" if refused else "413 No" if large else "503 No" if environ[BUSY] else "200 OK"
        said = str(len(body)).encode()
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
        return [said]


def wanted(method: str, _path: str, headers: Mapping[str, str]) -> bool:
    return "AUTHORIZATION" in headers


@pytest.fixture
def server() -> Iterator[HttpServer]:
    made = HttpServer(Application(), Door(BODY, wanted), ("127.0.0.1", 0), Capacity(threads=2, connections=MOST))
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield made
    made.close()
    thread.join(10)
    assert not thread.is_alive()


def line(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def head(size: int | None = None, token: bool = True, more: str = "") -> bytes:
    length = "" if size is None else f"Content-Length: {size}\r\n"
    allowed = "Authorization: Bearer x\r\n" if token else ""
    return f"POST / HTTP/1.1\r\nHost: localhost\r\n{allowed}{length}{more}\r\n".encode()


def answer(of: socket.socket) -> bytes:
    """The next answer, to the last byte of its body."""
    out = b""
    with contextlib.suppress(ConnectionError):
        while not whole(out) and (part := of.recv(4096)):
            out += part
    return out


def whole(answered: bytes) -> bool:
    top, end, body = answered.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", top)
    return bool(end) and (length is None or len(body) >= int(length[1]))


def again(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/")
    with connection.getresponse() as response:
        response.read()
        return response.status


def asked(server: HttpServer) -> int:
    return requests.get(f"http://127.0.0.1:{server.port}/", timeout=20).status_code


def test_connections_beyond_the_most_replace_those_that_said_nothing(server: HttpServer) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    with contextlib.closing(kept), contextlib.ExitStack() as stack:
        assert again(kept) == 200
        for _ in range(3 * MOST):
            stack.enter_context(line(server))
        until(lambda: server.ledger.refused >= 2 * MOST)
        until(lambda: len(server.ledger.connections) <= MOST)
        assert asked(server) == 200
        before = kept.sock
        assert again(kept) == 200
        assert before is not None
        assert kept.sock is before, "who has asked before keeps the connection"


def test_who_is_dropped_leaves_its_number_to_nobody_while_events_are_handled() -> None:
    """An event of it would be taken for one of a new connection, which would be closed."""
    made = HttpServer(Application(), Door(BODY, wanted), ("127.0.0.1", 0), Capacity(threads=1, connections=MOST))
    with line(made):
        while not made.ledger.connections:
            wasyncore.loop(timeout=1.0, use_poll=True, map=made._map, count=1)
        [one] = made.ledger.connections
        number = one.socket.fileno()
        made.ledger.give_up(one)
        assert not made.ledger.connections
        os.fstat(number)
        made.ledger.let_go()
        with pytest.raises(OSError):
            os.fstat(number)
    made.close()


def test_a_byte_at_a_time_holds_nobody_up(server: HttpServer) -> None:
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(line(server)) for _ in range(MOST - 2)]
        for one in head(1000)[:20]:
            for slow in lines:
                with contextlib.suppress(ConnectionError):  # on a busy machine its time may be over
                    slow.send(bytes([one]))
            assert asked(server) == 200


def test_descriptors_beyond_what_select_takes(server: HttpServer) -> None:
    held = [os.dup(0) for _ in range(1100)]
    try:
        assert max(held) > 1024
        assert asked(server) == 200
    finally:
        for one in held:
            os.close(one)


def test_a_body_that_is_not_wanted_is_not_read(server: HttpServer) -> None:
    with line(server) as one:
        one.sendall(head(BODY, token=False))
        assert answer(one).startswith(b"HTTP/1.1 401")
        assert sum(each.held for each in server.ledger.connections) == 0
        with contextlib.suppress(ConnectionError):
            one.sendall(b"x" * BODY)  # its answer is there nevertheless
            assert one.recv(10) == b""


def test_who_asks_before_sending_is_told_at_once(server: HttpServer) -> None:
    with line(server) as one:
        one.sendall(head(10, token=False, more="Expect: 100-continue\r\n"))
        assert answer(one).startswith(b"HTTP/1.1 401")
    with line(server) as other:
        other.sendall(head(10, more="Expect: 100-continue\r\n"))
        assert answer(other).startswith(b"HTTP/1.1 100")
        other.sendall(b"0123456789")
        assert answer(other).startswith(b"HTTP/1.1 200")


def test_a_body_that_says_it_is_too_long_is_not_read(server: HttpServer) -> None:
    with line(server) as one:
        one.sendall(head(BODY + 1))
        assert answer(one).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_say_how_long_it_is(server: HttpServer) -> None:
    with line(server) as one:
        one.sendall(head(more="Transfer-Encoding: chunked\r\n"))
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                one.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        assert answer(one).startswith(b"HTTP/1.1 413")
    with line(server) as one:
        one.sendall(head(more="Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n0\r\n\r\n")
        assert answer(one).startswith(b"HTTP/1.1 200")


def test_unfinished_bodies_give_way_to_others(server: HttpServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            one = stack.enter_context(line(server))
            one.sendall(head(BODY) + b"x" * (BODY - 1))
        until(lambda: server.ledger.refused >= 6)
        assert sum(each.held for each in server.ledger.connections) <= 2 * BODY
        with line(server) as honest:
            honest.sendall(head(BODY) + b"x" * BODY)
            assert answer(honest).startswith(b"HTTP/1.1 200")


def test_long_headers_are_refused(server: HttpServer) -> None:
    with line(server) as one:
        with contextlib.suppress(ConnectionError):
            one.sendall(head(more=f"X: {'x' * 40_000}\r\n"))
        assert answer(one).startswith((b"HTTP/1.0 431", b"HTTP/1.1 431"))


class Stumbling:
    """Something in the server's loop that fails, once."""

    accepting = False
    failed = False

    def readable(self) -> bool:
        if not self.failed:
            self.failed = True
            raise ValueError("the loop stumbled")
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        pass


def test_the_server_goes_on_when_its_loop_fails(server: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    fault = Stumbling()
    server._map[1_000_000] = fault
    until(lambda: fault.failed)
    assert asked(server) == 200
    assert "the HTTP server stumbled" in caplog.text
    del server._map[1_000_000]


def test_waking_a_closed_server_writes_into_nobodys_descriptor(server: HttpServer) -> None:
    listener = server._listeners[0]
    server.close()
    read, write = os.pipe()  # may take a descriptor that was the server's
    os.set_blocking(read, False)
    listener.pull_trigger()
    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    os.close(read)
    os.close(write)
