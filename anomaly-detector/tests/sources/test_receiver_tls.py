"""Telemetry over TLS, by both protocols: the certificate of the receiver, and those of senders."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import requests
from made_up.certificates import Authority, Pair
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from aiops.http.serving import TlsFiles
from aiops.model.errors import SourceError
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.testing.waiting import until

from .otlp import spans
from .test_embedded_receiver import PROTOBUF, WallClock, fresh, stored


@contextlib.contextmanager
def receiving(files: TlsFiles) -> Iterator[EmbeddedSource]:
    made = EmbeddedSource(EmbeddedSettings(grpc_port=0, http_port=0, tls=files), WallClock())
    try:
        made.start()
        yield made
    finally:
        made.close()


def by_http(source: EmbeddedSource, ca: str, client: Pair | None = None) -> int:
    return requests.post(
        f"https://127.0.0.1:{source.receivers.http_port}/v1/traces",
        data=spans(fresh()).SerializeToString(),
        headers={"Content-Type": PROTOBUF},
        verify=ca,
        cert=None if client is None else (client.certificate, client.key),
        timeout=20,
    ).status_code


def by_grpc(source: EmbeddedSource, ca: str, client: Pair | None = None) -> None:
    mine = (None, None) if client is None else (Path(client.key).read_bytes(), Path(client.certificate).read_bytes())
    credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes(), *mine)
    call = fresh()
    with grpc.secure_channel(f"localhost:{source.receivers.grpc_port}", credentials) as channel:
        TraceServiceStub(channel).Export(spans(call), timeout=20)  # type: ignore[no-untyped-call]
    assert stored(source, call) == 1


def serials(source: EmbeddedSource) -> set[int]:
    """Of the certificates of both ports."""
    ports = (source.receivers.http_port, source.receivers.grpc_port)
    found = [ssl.get_server_certificate(("127.0.0.1", port), timeout=20) for port in ports]
    from cryptography.x509 import load_pem_x509_certificate

    return {load_pem_x509_certificate(one.encode()).serial_number for one in found}


def test_both_protocols_speak_tls_and_take_a_new_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    with receiving(TlsFiles(pair.certificate, pair.key)) as source:
        assert by_http(source, authority.file) == 200
        by_grpc(source, authority.file)
        assert serials(source) == {pair.serial}
        new = authority.issue("server")
        assert serials(source) == {new.serial}
        by_grpc(source, authority.file)
        Path(pair.certificate).write_text("nonsense")
        assert serials(source) == {new.serial}
        assert by_http(source, authority.file) == 200
        until(lambda: any("cannot be used" in one for one in source.store.reasons()), 20, "the broken file is counted")
        with pytest.raises(requests.exceptions.RequestException):
            requests.post(f"http://127.0.0.1:{source.receivers.http_port}/v1/traces", timeout=20)


def test_senders_show_a_certificate(tmp_path: Path) -> None:
    for name in ("clients", "strangers"):
        (tmp_path / name).mkdir()
    authority, clients = Authority(tmp_path), Authority(tmp_path / "clients", "clients")
    pair = authority.issue("server")
    known = clients.issue("collector", client=True)
    stranger = Authority(tmp_path / "strangers", "clients").issue("eve", client=True)
    with receiving(TlsFiles(pair.certificate, pair.key, clients.file)) as source:
        assert by_http(source, authority.file, known) == 200
        by_grpc(source, authority.file, known)
        for one in (None, stranger):
            with pytest.raises(requests.ConnectionError):
                by_http(source, authority.file, one)
            with pytest.raises(grpc.RpcError):
                by_grpc(source, authority.file, one)


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="tls_cert_file"), receiving(TlsFiles(str(tmp_path / "no"), "no")):
        pass
