"""Calls from one service to another: five seconds, no retries, no kept connections."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from shop.failures import CalleeError, CalleeTimeout
from shop.profile import CLIENT_TIMEOUT_SECONDS
from shop.topology import ENDPOINTS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a called service answered."""

    status: int
    content_type: str
    body: bytes


class Peers:
    """The other services, by name."""

    def __init__(self, urls: Mapping[str, str], timeout_seconds: float = CLIENT_TIMEOUT_SECONDS) -> None:
        self._urls = urls
        self._timeout_seconds = timeout_seconds

    def send(self, service: str, method: str, path: str, body: bytes | None = None) -> Answer:
        """Call a service and return its answer, whatever its status.

        Raises `CalleeTimeout` when it does not answer in time and `CalleeError` when it cannot be reached.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
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
            return Answer(answer.status_code, answer.headers.get("Content-Type", "text/plain"), answer.content)

    def call(self, path: str, body: bytes | None = None) -> Answer:
        """Call the owner of an endpoint and return its answer, whatever its status."""
        endpoint = ENDPOINTS[path]
        return self.send(endpoint.service, endpoint.method, path, body)

    def need(self, path: str, body: bytes | None = None) -> Answer:
        """Call the owner of an endpoint; raises `CalleeError` for an answer of 500 or more as well."""
        answer = self.call(path, body)
        if answer.status >= 500:
            raise CalleeError(f"{ENDPOINTS[path].service} answered {answer.status}")
        return answer
