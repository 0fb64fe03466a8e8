"""Actions as POST to an address, signed with HMAC-SHA256, with an idempotency key; sent once, never again."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
import requests

from aiops.act.executor import ExecutionReport, Executor, done, not_done, not_known
from aiops.http import reason
from aiops.model import Action
from aiops.model.safe import visible

SAID: Final = 300
LARGEST: Final = 64 * 1024
SIGNATURE: Final = "X-Aiops-Signature"
KEY: Final = "Idempotency-Key"


class WebhookExecutor(Executor):
    """2xx is done, 4xx is not done; anything else may have been done, and is not known."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def execute(self, action: Action, attempt: str) -> ExecutionReport:
        """Post an action."""
        return self._post(action, attempt, "url", False)

    def undo(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:  # noqa: ARG002
        """Post the undo of an action."""
        return self._post(action, attempt, "undo_url", True)

    def ask(self, action: Action, attempt: str) -> ExecutionReport:
        """Ask `status_url` for an attempt: `{"state": "done"}`, `"failed"` or anything else; 404: it never came."""
        address = action.parameters["status_url"]
        if not address:
            return not_known("the receiver of the webhook cannot be asked: the policy has no status_url")
        try:
            answer = self._send(action, "GET", address, b"", attempt)
        except (OSError, ValueError) as error:
            return not_known(f"the receiver does not say what became of it: {reason(error)}")
        if answer.status_code == 404:
            return not_done("the receiver never got it")
        try:
            state = orjson.loads(answer.content)["state"]
        except (ValueError, KeyError, TypeError):
            state = None
        if state == "done" and answer.ok:
            return done("the receiver says that it was done")
        if state == "failed" and answer.ok:
            return not_done("the receiver says that it failed")
        return not_known(f"the receiver answers {answer.status_code}, and no end of it")

    def _post(self, action: Action, attempt: str, which: str, undo: bool) -> ExecutionReport:
        try:
            answer = self._send(action, "POST", action.parameters[which], body_of(action, attempt, undo), attempt)
        except _NoSecret as error:
            return not_done(str(error))
        except (requests.ConnectTimeout, requests.exceptions.InvalidURL) as error:
            return not_done(f"it could not be sent: {reason(error)}")
        except (OSError, ValueError) as error:
            if _never_connected(error):
                return not_done(f"it could not be sent: {reason(error)}")
            return not_known(f"it was sent, and not answered: {reason(error)}")
        said = visible(" ".join(answer.text[:SAID].split()))
        told = f"{answer.status_code}{f' {said}' if said else ''}"
        if answer.ok and answer.status_code < 300:
            return done(f"the receiver answers {told}")
        if 400 <= answer.status_code < 500:
            return not_done(f"the receiver refuses it: {told}")
        return not_known(f"the receiver answers {told}")

    def _send(self, action: Action, method: str, address: str, body: bytes, attempt: str) -> requests.Response:
        """Send one request, without a second try. Raises OSError or ValueError."""
        limit = float(action.parameters["timeout_seconds"])
        headers = {"Content-Type": "application/json", KEY: attempt}
        if file := action.parameters["secret_file"]:
            headers[SIGNATURE] = signature(_secret(file), int(self._now()), body)
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                address,
                data=body or None,
                headers=headers,
                timeout=(min(3.0, limit), limit),
                allow_redirects=False,
                stream=True,
            )
            answer._content = answer.raw.read(LARGEST, decode_content=True)
            return answer


class _NoSecret(ValueError):
    """The key of the signature cannot be read."""


def _secret(file: str) -> bytes:
    try:
        found = Path(file).read_bytes().strip()
    except OSError as error:
        raise _NoSecret(f"the key cannot be read: {file}: {error.strerror}") from None
    if not found:
        raise _NoSecret(f"the key is empty: {file}")
    return found


def signature(secret: bytes, at: int, body: bytes) -> str:
    """Return `t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 of the time, a point and the body, as the receiver can compute
    it."""
    return f"t={at},v1={hmac.new(secret, f'{at}.'.encode() + body, sha256).hexdigest()}"


def body_of(action: Action, attempt: str, undo: bool) -> bytes:
    """Return what is posted (docs/remediation.md)."""
    return orjson.dumps(
        {
            "version": 1,
            "attempt": attempt,
            "undo": undo,
            "action": {
                "id": action.id,
                "kind": action.kind,
                "target": action.target,
                "policy": action.policy,
                "digest": action.digest,
            },
            "approved_by": action.approval.by if action.approval is not None else None,
            "evidence": asdict(action.evidence),
        }
    )


def _never_connected(error: BaseException) -> bool:
    """Whether no connection was made, so that nothing can have arrived."""
    inner: Any = error
    for _ in range(8):
        if type(inner).__name__ in ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError"):
            return True
        inner = getattr(inner, "reason", None) or next((one for one in inner.args if isinstance(one, Exception)), None)
        if inner is None:
            return False
    return False
