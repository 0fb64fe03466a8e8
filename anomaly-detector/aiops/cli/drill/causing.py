"""Cause a fault and take it back: by requests over HTTP, or by a manifest that kubectl applies and deletes."""

import os
import subprocess
from pathlib import Path
from typing import Final

import requests

from aiops.cli.drill.plan import Call, DrillPlan
from aiops.http import reason
from aiops.model.errors import AiopsError
from aiops.model.safe import visible

CALL_SECONDS: Final = 10.0
KUBECTL_SECONDS: Final = 60.0
TRIES: Final = 3
"""How often it is tried to take a fault back."""
FROM: Final = "env:"


class NotDone(AiopsError):
    """A fault could not be caused or taken back; the message says why."""


def cause(plan: DrillPlan) -> None:
    """Cause the fault of a drill. Raises NotDone."""
    if plan.start is not None:
        _send(plan.start)
    else:
        _kubectl(plan, "apply", "-f", _manifest(plan))


def take_back(plan: DrillPlan) -> None:
    """Take the fault of a drill back, also where it is not there. Raises NotDone when that fails several times."""
    for attempt in range(TRIES):
        try:
            if plan.stop is not None:
                _send(plan.stop)
            else:
                _kubectl(plan, "delete", "--ignore-not-found", "--wait=false", "-f", _manifest(plan))
            return
        except NotDone:
            if attempt == TRIES - 1:
                raise


def _manifest(plan: DrillPlan) -> str:
    assert plan.manifest is not None
    return str(Path(plan.manifest).resolve())


def _send(call: Call) -> None:
    headers = {name: _value(name, value) for name, value in call.headers.items()}
    try:
        answer = requests.request(
            call.method, call.url, json=call.json_body, headers=headers, timeout=CALL_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise NotDone(f"{call.method} {_without_query(call.url)}: {reason(error)}") from None
    if not answer.ok or answer.is_redirect:
        said = visible(answer.text.strip()[:200])
        where = f"{call.method} {_without_query(call.url)}"
        raise NotDone(f"{where} answered {answer.status_code}{f': {said}' if said else ''}")


def _without_query(url: str) -> str:
    """Return an address without what may be a secret in it."""
    return url.partition("?")[0]


def _value(name: str, value: str) -> str:
    if not value.startswith(FROM):
        return value
    found = os.environ.get(value.removeprefix(FROM))
    if found is None:
        raise NotDone(f"the header {name} is to come from {value.removeprefix(FROM)}, which is not set")
    return found


def _kubectl(plan: DrillPlan, *words: str) -> None:
    command = ["kubectl", *(("--context", plan.context) if plan.context else ())]
    command += [*(("--namespace", plan.namespace) if plan.namespace else ()), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=KUBECTL_SECONDS, check=False)
    except FileNotFoundError:
        raise NotDone("kubectl is not on the PATH; a manifest needs it") from None
    except subprocess.TimeoutExpired:
        raise NotDone(f"kubectl {words[0]} took more than {KUBECTL_SECONDS:.0f} s") from None
    if done.returncode:
        raise NotDone(f"kubectl {words[0]}: {visible(' '.join(done.stderr.split())[:300])}")
