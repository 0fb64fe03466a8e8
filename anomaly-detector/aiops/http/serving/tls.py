"""TLS of a server: a certificate that is read anew when its files change, and connections that speak TLS.

New handshakes get the new certificate. Files that cannot be used, such as a new certificate beside the old key, leave
the old certificate in use until they change again.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiops.http.serving.connection import Connection
from aiops.model.errors import StartError

log = logging.getLogger(__name__)
READS_AT_ONCE: Final = 16
"""Records of a connection, 16 KiB each, that are read before others have their turn."""
Stamp = tuple[tuple[int, int, int], ...]


class NoCertificate(StartError):
    """Certificate, key or CA cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM: the certificate with its chain, its key, and the CA of clients, who then must show a certificate of
    it ("": they need none)."""

    certificate: str
    key: str
    client_ca: str = ""


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """What was read, ready for a server, and its bytes: certificate, key, CA."""

    context: ssl.SSLContext
    pem: tuple[bytes, bytes, bytes]


class Certificates:
    """The certificate of a server as its files say now. Thread-safe. `told` is called after each change: True if it was
    taken, False if the old one stays. Raises NoCertificate."""

    def __init__(self, files: TlsFiles, told: Callable[[bool], None] = lambda _: None) -> None:
        self._files, self._told = files, told
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._served = self._loaded()

    def served(self) -> ServedCertificate:
        """Return the certificate for a new connection."""
        with self._lock:
            stamp = self._stamped()
            if stamp == self._stamp:
                return self._served
            self._stamp = stamp
            try:
                self._served = self._loaded()
            except NoCertificate as error:
                log.error("%s; the certificate before stays in use", error)
                self._told(False)
            else:
                log.warning("the certificate %s was read anew", self._files.certificate)
                self._told(True)
            return self._served

    def _stamped(self) -> Stamp:
        """Return what changes when a file does: a file that is missing has none."""
        return tuple(_stamp(one) for one in (self._files.certificate, self._files.key, self._files.client_ca) if one)

    def _loaded(self) -> ServedCertificate:
        files = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
            if files.client_ca:
                context.load_verify_locations(files.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            named = (files.certificate, files.key, files.client_ca)
            certificate, key, ca = (Path(one).read_bytes() if one else b"" for one in named)
        except (OSError, ValueError) as error:
            raise NoCertificate(
                f"TLS with `tls_cert_file` {files.certificate} and `tls_key_file` {files.key} is not possible: {error}"
            ) from None
        return ServedCertificate(context, (certificate, key, ca))


class TlsConnection(Connection):
    """A connection that speaks TLS. The loop reads and threads write, which OpenSSL allows one after another only."""

    socket: ssl.SSLSocket | None

    def __init__(self, *given: Any, **named: Any) -> None:
        self._turn = threading.RLock()
        self._shaken = False
        self._to_write = False
        self._record = b""
        super().__init__(*given, **named)

    def readable(self) -> bool:
        """Whether to poll for bytes to read."""
        return not self._to_write and super().readable()

    def writable(self) -> bool:
        """Whether to poll for room to write."""
        return self._to_write or super().writable()

    def handle_write(self) -> None:
        """Go on with the handshake, or write what waits."""
        if self._shaken:
            super().handle_write()
        elif self.will_close:
            self.handle_close()
        else:
            self._shake()

    def handle_read(self) -> None:
        """Go on with the handshake, or read some records."""
        if self._lingers_until:  # TLS is over, and what comes is thrown away
            super().handle_read()
            return
        if not (self._shaken or self._shake()):
            return
        for _ in range(READS_AT_ONCE):
            if self.socket is None or not self.connected or self._lingers_until:
                return
            try:
                with self._turn:
                    self._record = self.socket.recv(self.adj.recv_bytes)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                self.handle_close()
                return
            super().handle_read()
            if not super().readable():
                return

    def recv(self, buffer_size: int) -> bytes:
        """Return the record that was read last."""
        if self._lingers_until:
            return super().recv(buffer_size)
        record, self._record = self._record, b""
        if not record:
            self.handle_close()
        return record

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Write; 0 where there is no room."""
        try:
            with self._turn:
                return super().send(data, do_close)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def _shake(self) -> bool:
        """Go on with the handshake. Returns whether it is done."""
        assert self.socket is not None
        self._to_write = False
        try:
            with self._turn:
                self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self._to_write = True
            return False
        except OSError as error:
            log.info("no TLS with %s: %s", self.addr, error)
            self.handle_close()
            return False
        self._shaken = True
        return True


def wrapped(sock: socket.socket, certificates: Certificates) -> ssl.SSLSocket | None:
    """Return a connection that was accepted, ready for the handshake; None where the client is gone already."""
    try:
        context = certificates.served().context
        return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    except (OSError, ValueError):
        sock.close()
        return None


def _stamp(file: str) -> tuple[int, int, int]:
    try:
        found = Path(file).stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _no_password() -> bytes:
    raise ValueError("the key is encrypted; give one without a password")
