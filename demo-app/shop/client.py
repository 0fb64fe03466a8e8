"""Calls from one service to another: five seconds, no kept connections, again only when the answer asks for it."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

import requests

from shop.failures import CalleeError, CalleeTimeout
from shop.profile import CLIENT_TIMEOUT_SECONDS, RETRIES
from shop.topology import ENDPOINTS


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is being made: to whom, and how often it was made before."""

    service: str
    resent: int


CALL: ContextVar[Call] = ContextVar("call")
"""The call in hand, for whoever describes it: see `shop.telemetry`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a called service answered; `again`: that it wants to be called again at once."""

    status: int
    content_type: str
    body: bytes
    again: bool


class Peers:
    """The services that one service, `caller`, can call, by name."""

    def __init__(self, caller: str, urls: Mapping[str, str], timeout_seconds: float = CLIENT_TIMEOUT_SECONDS) -> None:
        self._caller = caller
        self._urls = dict(urls)
        self._timeout_seconds = timeout_seconds

    def meet(self, service: str, url: str) -> None:
        """Remember where one more service is."""
        self._urls[service] = url

    def send(self, service: str, method: str, path: str, body: bytes | None = None, resent: int = 0) -> Answer:
        """Call a service and return its answer, whatever its status.

        Raises `CalleeTimeout` when it does not answer in time and `CalleeError` when it cannot be reached.
        """
        headers = {"User-Agent": user_agent(self._caller)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        CALL.set(Call(service, resent))
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment is not meant for neighbours on loopback
            try:
                answer = session.request(
                    method, self._urls[service] + path, data=body, headers=headers, timeout=self._timeout_seconds
                )
            except requests.Timeout:
                raise CalleeTimeout(f"{service} did not answer within {self._timeout_seconds:g} s") from None
            except requests.RequestException:
                raise CalleeError(f"{service} cannot be reached") from None
            again = answer.status_code == 503 and answer.headers.get("Retry-After") == "0"
            content_type = answer.headers.get("Content-Type", "text/plain")
            return Answer(answer.status_code, content_type, answer.content, again)

    def call(self, path: str, body: bytes | None = None) -> Answer:
        """Call the owner of an endpoint, as often as it asks for, and return its last answer, whatever its status."""
        endpoint = ENDPOINTS[path]
        answer = self.send(endpoint.service, endpoint.method, path, body)
        for resent in range(1, RETRIES + 1):
            if not answer.again:
                break
            answer = self.send(endpoint.service, endpoint.method, path, body, resent)
        return answer

    def need(self, path: str, body: bytes | None = None) -> Answer:
        """Call the owner of an endpoint; raises `CalleeError` for an answer of 500 or more as well."""
        answer = self.call(path, body)
        if answer.status >= 500:
            raise CalleeError(f"{ENDPOINTS[path].service} answered {answer.status}")
        return answer


def user_agent(service: str) -> str:
    """Return what a service calls itself when it calls others."""
    return f"shop-{service}"
