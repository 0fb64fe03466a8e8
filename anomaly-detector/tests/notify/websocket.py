"""A small WebSocket server (RFC 6455), as much as Socket Mode needs: text frames without fragments, pings."""

import base64
import hashlib
import json
import queue
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@dataclass
class Socket:
    """The server, seen from a test: `got` holds the JSON of text frames; `connections` those that are open."""

    url: str = ""
    got: list[Any] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    arrived: queue.Queue[Any] = field(default_factory=queue.Queue)

    def send(self, document: Any) -> None:
        """Send JSON to the newest connection."""
        self.connections[-1].sendall(_frame(TEXT, json.dumps(document).encode()))

    def drop(self) -> None:
        """End the newest connection."""
        self.connections[-1].shutdown(socket.SHUT_RDWR)


@contextmanager
def websocket() -> Iterator[Socket]:
    """Run a server on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    known = Socket(f"ws://127.0.0.1:{listening.getsockname()[1]}/link/?ticket=t1cket")
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=_talk, args=(one, known), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield known
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)
        for one in known.connections:
            one.close()
        for thread in threads:
            thread.join(5)


def _talk(one: socket.socket, known: Socket) -> None:
    try:
        with one, one.makefile("rb") as stream:
            headers = {}
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.strip().lower()] = value.strip()
            digest = hashlib.sha1((headers["sec-websocket-key"] + GUID).encode(), usedforsecurity=False).digest()
            accept = base64.b64encode(digest).decode()
            lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
            one.sendall("\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept}", "", ""]).encode())
            known.connections.append(one)
            while True:
                kind, body = _read(stream)
                if kind == PING:
                    one.sendall(_frame(PONG, body))
                elif kind == CLOSE:
                    return
                elif kind == TEXT:
                    known.got.append(json.loads(body))
    except (OSError, ValueError, struct.error):
        return


def _read(stream: Any) -> tuple[int, bytes]:
    first, second = struct.unpack("!BB", stream.read(2))
    length = second & 0x7F
    if length >= 126:
        (length,) = struct.unpack("!H" if length == 126 else "!Q", stream.read(2 if length == 126 else 8))
    mask = stream.read(4) if second & 0x80 else b"\0" * 4
    body = stream.read(length)
    return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))


def _frame(kind: int, body: bytes) -> bytes:
    length = struct.pack("!B", len(body)) if len(body) < 126 else struct.pack("!BH", 126, len(body))
    return bytes([0x80 | kind]) + length + body
