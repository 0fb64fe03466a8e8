"""OTLP over HTTP: a bare WSGI application."""

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no stubs are published

from aiops.sources.embedded.intake import Intake, Refusal, Refused, Signal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_PHRASES: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
_INVALID, _NOT_FOUND, _UNIMPLEMENTED = 3, 5, 12


class _Answer(Exception):
    """An error to answer with: HTTP status, gRPC code, one sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def application(intake: Intake, max_bytes: int) -> "WSGIApplication":
    """Build the application; bodies may have `max_bytes`, compressed or not."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        kind = _content_type(environ)
        status, headers = 200, []
        message: Message
        try:
            signal = _signal(environ)
            intake.admit(environ.get("HTTP_AUTHORIZATION", ""))
            if kind not in (PROTOBUF, JSON):
                raise _Answer(415, _INVALID, f"send {PROTOBUF} or {JSON}, not {kind or 'a body without a type'}")
            message = intake.take(signal, _body(environ, max_bytes), json=kind == JSON)
        except _Answer as error:
            status, message = error.status, Status(code=error.code, message=str(error))
            if status == 405:
                headers.append(("Allow", "POST"))
        except Refused as refused:
            code, status = refused.refusal.value
            message = Status(code=code, message=str(refused))
            if refused.refusal in (Refusal.FULL, Refusal.UNAVAILABLE):
                headers.append(("Retry-After", "1"))
            if refused.refusal is Refusal.UNAUTHENTICATED:
                headers.append(("WWW-Authenticate", "Bearer"))
        kind = PROTOBUF if kind == PROTOBUF else JSON
        body = (
            message.SerializeToString()
            if kind == PROTOBUF
            else json_format.MessageToJson(message, indent=None).encode()
        )
        headers += [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(f"{status} {_PHRASES[status]}", headers)
        return [body]

    return answer


def _content_type(environ: "WSGIEnvironment") -> str:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def _signal(environ: "WSGIEnvironment") -> Signal:
    path = environ.get("PATH_INFO", "")
    try:
        signal = Signal(path)
    except ValueError:
        paths = ", ".join(one.value for one in Signal)
        raise _Answer(404, _NOT_FOUND, f"nothing is received at {path}; the paths are {paths}") from None
    method = environ["REQUEST_METHOD"]
    if method != "POST":
        raise _Answer(405, _UNIMPLEMENTED, f"{path} takes POST, not {method}")
    return signal


def _body(environ: "WSGIEnvironment", max_bytes: int) -> bytes:
    too_large = _Answer(413, _INVALID, f"an export may have {max_bytes} bytes, before and after decompression")
    raw: bytes = environ["wsgi.input"].read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise too_large
    encoding = str(environ.get("HTTP_CONTENT_ENCODING", "")).strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "deflate"):
        raise _Answer(415, _INVALID, f"bodies may be compressed with gzip or deflate, not {encoding}")
    plain, rest = bytearray(), raw
    try:
        while rest:
            inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            plain += inflate.decompress(rest, max_bytes + 1 - len(plain))
            if len(plain) > max_bytes:
                raise too_large
            if not inflate.eof:
                raise _Answer(400, _INVALID, f"the {encoding} body ends too early")
            rest = inflate.unused_data
    except zlib.error as problem:
        raise _Answer(400, _INVALID, f"the body is not {encoding}: {problem}") from problem
    return bytes(plain)
