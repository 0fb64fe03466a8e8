"""How often a sender may export: beyond it, OTLP's way to say `later`, over both protocols."""

from collections.abc import Iterator

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no stubs are published
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from requests import Response

from aiops.sources.duckdb.store import Store
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.testing.waiting import until

from .otlp import spans
from .test_embedded_receiver import PROTOBUF, WallClock, fresh, post, url

TOKENS = {"one": "0123456789abcdef-one", "two": "0123456789abcdef-two"}


@pytest.fixture
def source() -> Iterator[EmbeddedSource]:
    settings = EmbeddedSettings(grpc_port=0, http_port=0, tokens=TOKENS, exports=3)
    made = EmbeddedSource(settings, WallClock())
    made.start()
    yield made
    made.close()


def sent(source: EmbeddedSource, who: str) -> Response:
    return post(source, spans(fresh()).SerializeToString(), PROTOBUF, Authorization=f"Bearer {TOKENS[who]}")


def test_a_sender_who_exports_too_often_is_asked_to_come_later(source: EmbeddedSource) -> None:
    assert url(source)
    assert [sent(source, "one").status_code for _ in range(3)] == [200] * 3
    refused = sent(source, "one")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    status = Status.FromString(refused.content)
    assert (status.code, "limit_exports" in status.message) == (8, True)
    with grpc.insecure_channel(f"127.0.0.1:{source.receivers.grpc_port}") as channel:
        stub = TraceServiceStub(channel)  # type: ignore[no-untyped-call]
        with pytest.raises(grpc.RpcError) as error:
            stub.Export(spans(fresh()), timeout=10, metadata=[("authorization", f"Bearer {TOKENS['one']}")])
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        told = Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
        info = RetryInfo()
        assert told.details[0].Unpack(info)
        assert 1 <= info.retry_delay.seconds <= 20
        stub.Export(spans(fresh()), timeout=10, metadata=[("authorization", f"Bearer {TOKENS['two']}")])
    assert sent(source, "two").status_code == 200, "others are not concerned"
    until(lambda: any("limit_exports" in one for one in faults(source.store)), 20, "the refusals are counted")


def faults(store: Store) -> dict[str, int]:
    return dict(store.reasons())
