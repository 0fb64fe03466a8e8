"""HTTP to a store of telemetry or an Alertmanager: limited in time and number, retried, with errors in one sentence."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry

from aiops.model.errors import SourceError

T = TypeVar("T")

CONNECT_SECONDS: Final = 3.0
TRIES: Final = 3
PASSING: Final = (429, 502, 503, 504)
"""Status codes that may be different a moment later, so that the request is tried again."""
SAID: Final = 300
"""The number of characters of a refusal that are repeated."""
_CODES: Final = re.compile(r"\[(Errno|SSL: )[^\]]*\] | \(_ssl\.c:\d+\)$")


MEGABYTE: Final = 1 << 20


class Unavailable(SourceError):
    """The store cannot be reached, is overloaded or broken, or its answer makes no sense: the next cycle may
    succeed."""


class RequestRejected(SourceError):
    """The store understood the request and refuses it: a wrong query, a missing permission, a limit. The same request
    fails again. `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class AnswerTooLarge(RequestRejected):
    """The answer is larger than the limit; a smaller question may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The address of a store and the credentials for it.

    `tenant` is sent as X-Scope-OrgID. `username` and `password`, or `bearer`, authenticate; `ca`, `certificate` and
    `key` are files in PEM for TLS. An answer may take `timeout_seconds`, and may have `largest_bytes` after
    decompression; at most `at_once` requests are open at a time.
    """

    name: str
    url: str
    tenant: str = ""
    username: str = ""
    password: str = ""
    bearer: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    timeout_seconds: float = 10.0
    at_once: int = 4
    largest_bytes: int = 64 * MEGABYTE

    def __str__(self) -> str:
        """Return name and address, without secrets that the address may hold."""
        parts = urlsplit(self.url)
        return f"{self.name} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Client:
    """The client of one store; every thread may use it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._open = threading.BoundedSemaphore(endpoint.at_once)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: a store is reached exactly as configured
        retry = Retry(
            total=TRIES - 1,
            read=0,
            other=0,
            status_forcelist=PASSING,
            allowed_methods=None,
            backoff_factor=0.2,
            backoff_jitter=0.2,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        pool = HTTPAdapter(pool_maxsize=endpoint.at_once, max_retries=retry)
        self._session.mount("http://", pool)
        self._session.mount("https://", pool)
        if not endpoint.url.startswith("https:"):
            # Plain HTTP is used for nearby stores, where compressing takes longer than sending.
            self._session.headers["Accept-Encoding"] = "identity"
        if endpoint.tenant:
            self._session.headers["X-Scope-OrgID"] = endpoint.tenant
        if endpoint.bearer:
            self._session.headers["Authorization"] = f"Bearer {endpoint.bearer}"
        if endpoint.username:
            self._session.auth = HTTPBasicAuth(endpoint.username, endpoint.password)
        if endpoint.ca:
            self._session.verify = endpoint.ca
        if endpoint.certificate:
            self._session.cert = (endpoint.certificate, endpoint.key) if endpoint.key else endpoint.certificate

    def json(self, path: str, parameters: Mapping[str, str] | None = None, form: bool = False) -> Any:
        """Request JSON; with `form` the parameters are posted, so that a long query fits. Raises SourceError."""
        return self._read(self.ask(path, parameters, form=form), orjson.loads)

    def ask(
        self, path: str, parameters: Mapping[str, str] | None = None, form: bool = False, accept: str = ""
    ) -> bytes:
        """Send a request and return the body of an answer below 400. Raises SourceError."""
        return self._send(
            "POST" if form else "GET",
            path,
            params=None if form else parameters,
            data=parameters if form else None,
            headers={"Accept": accept} if accept else None,
        )

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        """Post a body and return the body of the answer. Raises SourceError."""
        return self._send("POST", path, data=body, headers={"Content-Type": content_type})

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _send(self, method: str, path: str, **more: Any) -> bytes:
        limit = self.endpoint.timeout_seconds
        deadline = time.monotonic() + limit
        if not self._open.acquire(timeout=limit):
            raise Unavailable(f"{self.endpoint} has left {self.endpoint.at_once} questions open for {limit:g} s")
        try:
            response = self._session.request(
                method,
                self.endpoint.url.rstrip("/") + path,
                timeout=(min(CONNECT_SECONDS, limit), limit),
                stream=True,
                allow_redirects=False,
                **more,
            )
            with response:
                body = bytearray()
                while chunk := response.raw.read1(1 << 20, decode_content=True):
                    body += chunk
                    if len(body) > self.endpoint.largest_bytes:
                        megabytes = self.endpoint.largest_bytes / MEGABYTE
                        raise AnswerTooLarge(
                            f"{self.endpoint} answers more than {megabytes:g} MB to {path}: ask for less"
                        )
                    if time.monotonic() > deadline:
                        raise Unavailable(f"{self.endpoint} did not finish its answer within {limit:g} s")
        except requests.exceptions.Timeout:
            raise Unavailable(f"{self.endpoint} does not answer within {limit:g} s") from None
        except ReadTimeoutError:
            raise Unavailable(f"{self.endpoint} stopped in its answer for {limit:g} s") from None
        except (OSError, HTTPError) as error:  # the errors of requests are OSErrors
            if isinstance(_innermost(error), ReadTimeoutError):
                raise Unavailable(f"{self.endpoint} does not answer within {limit:g} s") from None
            raise Unavailable(f"{self.endpoint} cannot be reached: {reason(error)}") from None
        finally:
            self._open.release()
        if response.status_code < 300:
            return bytes(body)
        said = " ".join(_message(bytes(body)).split())[:SAID]
        message = f"{self.endpoint} answers {response.status_code} to {path}: {said or response.reason}"
        if response.status_code >= 500 or response.status_code in (408, *PASSING):
            raise Unavailable(message)
        raise RequestRejected(message, response.status_code)

    def _read(self, body: bytes, parse: Callable[[bytes], T]) -> T:
        try:
            return parse(body)
        except ValueError as error:
            raise Unavailable(f"{self.endpoint} answers nonsense: {str(error)[:SAID]}") from None


def reason(error: BaseException) -> str:
    """Return the cause of an error of requests in a few words: `Connection refused`, `self-signed certificate`."""
    inner = _innermost(error)
    text = _CODES.sub("", str(inner)).rpartition(": ")[2]
    return " ".join(text.split()) or type(inner).__name__


def _message(body: bytes) -> str:
    """Return the text of a refusal: Prometheus puts it into `error`, others send plain text."""
    try:
        document = orjson.loads(body)
    except ValueError:
        return body[: 4 * SAID].decode(errors="replace")
    return str(document.get("error", document)) if isinstance(document, dict) else str(document)


def _innermost(error: BaseException) -> BaseException:
    """Return the innermost reason, such as `[Errno 111] Connection refused`, of nested errors."""
    inner: Any = error
    while True:
        if isinstance(reason := getattr(inner, "reason", None), BaseException):
            inner = reason
        elif inside := [one for one in inner.args if isinstance(one, BaseException)]:
            inner = inside[0]
        else:
            return cast("BaseException", inner)
