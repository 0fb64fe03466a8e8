"""POST JSON to an address, with errors that repeat no secret: only the host of the address is named."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests

from aiops.http.client import reason
from aiops.model.errors import NotTaken

TIMEOUT: Final = 10.0
"""Seconds for connecting, and between two pieces of an answer."""
_SAID: Final = 200
LATER: Final = (408, 425, 429)
"""Refusals that may be different a moment later."""


def post(url: str, document: Any, headers: Mapping[str, str] | None = None, *, patient: bool = False) -> None:
    """Post a document as JSON. Raises NotTaken for any answer but 2xx; a refusal (4xx) is final, except those of LATER.

    With `patient` none is, and redirects are followed as far as no headers of one's own would go to another host."""
    host = urlsplit(url).hostname or "the address"
    sent = {"Content-Type": "application/json", **(headers or {})}
    follows = patient and not headers
    try:
        answer = requests.post(url, orjson.dumps(document), headers=sent, timeout=TIMEOUT, allow_redirects=follows)
    except requests.exceptions.Timeout:
        raise NotTaken(f"{host} does not answer within {TIMEOUT:g} s") from None
    except requests.RequestException as error:
        raise NotTaken(f"{host} cannot be reached: {_short(reason(error), url)}") from None
    status = answer.status_code
    if 200 <= status < 300:
        return
    said = " ".join(answer.text[: 4 * _SAID].split())[:_SAID]
    final = 400 <= status < 500 and status not in LATER and not patient
    wait = seconds_of(answer.headers.get("Retry-After", ""), answer.headers.get("Date", ""))
    raise NotTaken(f"{host} answers {status} {answer.reason}: {said}".rstrip(": "), final=final, wait=wait)


def seconds_of(retry_after: str, date: str = "") -> float:
    """Read Retry-After: seconds, or a time, which is compared with the Date of the same answer; 0 where it says
    nothing."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - parsedate_to_datetime(date)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _short(text: str, url: str) -> str:
    """Cut what a library says about an address, which may hold a secret."""
    parts = urlsplit(url)
    for part in (url, f"{parts.path}?{parts.query}", parts.path):
        if len(part) > 1:
            text = text.replace(part, "***")
    return text[:_SAID]
