"""OTLP over HTTP: a plain WSGI application, and the door that keeps out bodies which it would refuse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no stubs are published

from aiops.http.serving import BUSY, Door, Names
from aiops.http.serving.names import is_foreign
from aiops.sources.receiver.compression import Broken, TooLong, UnknownEncoding, decompressed
from aiops.sources.receiver.intake import ExportRejected, Intake, Refusal, Signal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_PHRASES: Final = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
_INVALID, _NOT_FOUND, _DENIED, _UNIMPLEMENTED = 3, 5, 7, 12
_PREFLIGHT_SECONDS: Final = 7200
_Headers = list[tuple[str, str]]


class _Answer(Exception):
    """An error response: HTTP status, gRPC code, one sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by its line and headers, whose names are in capitals with underscores."""

    method: str
    path: str
    headers: Mapping[str, str]

    def header(self, name: str) -> str:
        """Return a header; "" where it is missing."""
        return self.headers.get(name, "")

    @property
    def kind(self) -> str:
        """The content type, without parameters."""
        return self.header("CONTENT_TYPE").partition(";")[0].strip().lower()


class OtlpHttpApp:
    """OTLP at three paths. Bodies may have `max_bytes`, compressed or not; web pages of `origins` may send ("*": all).

    Other web pages may not: otherwise a browser would send telemetry for every page that it shows.
    """

    def __init__(self, intake: Intake, max_bytes: int, names: Names, origins: frozenset[str]) -> None:
        self._intake = intake
        self._max = max_bytes
        self._names = names
        self._origins = origins

    @property
    def door(self) -> Door:
        """Which bodies the server reads for this application."""

        def wanted(method: str, path: str, headers: Mapping[str, str]) -> bool:
            try:
                self._check(Asked(method, path, headers))
            except (_Answer, ExportRejected):
                return False
            return True

        return Door(self._max, wanted)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        given = {key.removeprefix("HTTP_"): str(value) for key, value in environ.items() if key.startswith("HTTP_")}
        given |= {key: str(environ[key]) for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if key in environ}
        asked = Asked(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), given)
        status, headers = 200, self._shared(asked)
        message: Message
        try:
            if self._is_preflight(asked):
                start_response("204 No Content", headers)
                return []
            signal = self._check(asked)
            self._intake.count(asked.header("AUTHORIZATION"), str(environ.get("REMOTE_ADDR", "")))
            if environ.get(BUSY):
                raise ExportRejected(Refusal.FULL, "other exports are being read; send this one again in a moment")
            message = self._intake.take(signal, self._body(environ, asked), json=asked.kind == JSON)
        except _Answer as error:
            status, message = error.status, Status(code=error.code, message=str(error))
            if status == 405:
                headers.append(("Allow", "POST"))
        except ExportRejected as refused:
            code, status = refused.refusal.value
            message = Status(code=code, message=str(refused))
            if refused.refusal in (Refusal.FULL, Refusal.UNAVAILABLE):
                headers.append(("Retry-After", str(refused.seconds)))
            if refused.refusal is Refusal.UNAUTHENTICATED:
                headers.append(("WWW-Authenticate", "Bearer"))
        kind = PROTOBUF if asked.kind == PROTOBUF else JSON
        body = (
            message.SerializeToString()
            if kind == PROTOBUF
            else json_format.MessageToJson(message, indent=None).encode()
        )
        headers += [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(f"{status} {_PHRASES[status]}", headers)
        return [body]

    def _check(self, asked: Asked) -> Signal:
        """Check everything that can be checked before the body is read. Raises _Answer or ExportRejected."""
        if not self._names.allow(asked.header("HOST")):
            raise _Answer(403, _DENIED, f"this receiver is not {asked.header('HOST')!r}; see the setting allowed_hosts")
        if not self._allows_page(asked):
            raise _Answer(403, _DENIED, "a web page sent this; see the setting otlp_cors_origins")
        signal = _signal(asked)
        self._intake.admit(asked.header("AUTHORIZATION"))
        if asked.kind not in (PROTOBUF, JSON):
            raise _Answer(415, _INVALID, f"send {PROTOBUF} or {JSON}, not {asked.kind or 'a body without a type'}")
        length = asked.header("CONTENT_LENGTH")
        if length.isascii() and length.isdigit() and int(length) > self._max:
            raise self._too_large()
        return signal

    def _allows_page(self, asked: Asked) -> bool:
        origin = asked.headers.get("ORIGIN")
        if origin is not None and ("*" in self._origins or origin.lower() in self._origins):
            return True
        return not is_foreign(origin, asked.header("HOST"), asked.headers.get("SEC_FETCH_SITE"))

    def _is_preflight(self, asked: Asked) -> bool:
        """Whether a browser asks for permission before it sends. Raises _Answer where it may not."""
        if asked.method != "OPTIONS" or "ACCESS_CONTROL_REQUEST_METHOD" not in asked.headers:
            return False
        if not self._names.allow(asked.header("HOST")) or not self._allows_page(asked):
            raise _Answer(403, _DENIED, "web pages of this origin may not send; see the setting otlp_cors_origins")
        return True

    def _shared(self, asked: Asked) -> _Headers:
        """Return the headers that let a browser send for a page of another origin and read the answer."""
        origin = asked.headers.get("ORIGIN")
        if not self._origins or origin is None or not self._allows_page(asked):
            return []
        headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if asked.method == "OPTIONS":
            wanted = asked.header("ACCESS_CONTROL_REQUEST_HEADERS") or "content-type, content-encoding, authorization"
            headers += [
                ("Access-Control-Allow-Methods", "POST"),
                ("Access-Control-Allow-Headers", wanted),
                ("Access-Control-Max-Age", str(_PREFLIGHT_SECONDS)),
            ]
        return headers

    def _too_large(self) -> _Answer:
        return _Answer(413, _INVALID, f"an export may have {self._max} bytes, before and after decompression")

    def _body(self, environ: "WSGIEnvironment", asked: Asked) -> bytes:
        raw: bytes = environ["wsgi.input"].read(self._max + 1)
        if len(raw) > self._max:
            raise self._too_large()
        try:
            return decompressed(raw, asked.header("CONTENT_ENCODING"), self._max)
        except TooLong:
            raise self._too_large() from None
        except UnknownEncoding as problem:
            raise _Answer(415, _INVALID, str(problem)) from problem
        except Broken as problem:
            raise _Answer(400, _INVALID, str(problem)) from problem


def _signal(asked: Asked) -> Signal:
    try:
        signal = Signal(asked.path)
    except ValueError:
        paths = ", ".join(one.value for one in Signal)
        raise _Answer(404, _NOT_FOUND, f"nothing is received at {asked.path}; the paths are {paths}") from None
    if asked.method != "POST":
        raise _Answer(405, _UNIMPLEMENTED, f"{asked.path} takes POST, not {asked.method}")
    return signal
