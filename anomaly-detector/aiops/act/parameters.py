"""What each executor is told: its parameters, checked, with the names of the evidence filled in.

Names of services and versions come from telemetry, so that whoever may send telemetry can choose them: only plain ones
are filled in, and none can become an option of a command or another path.
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aiops.model import ActionEvidence, ActionKind

NAMES: Final = ("service", "endpoint", "version", "instead", "flag", "subject")
"""What a parameter may name in braces: `{service}`."""
PLAIN: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.:@+ -]{0,199}")
PATH: Final = re.compile(r"(?!.*\.\.)/?[A-Za-z0-9_][A-Za-z0-9_./:@+{}-]{0,199}|/")
"""What an endpoint may be, beside that."""
SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


def _names_known(text: str) -> str:
    try:
        named = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        raise ValueError("has a brace without its other one; write {{ and }} for braces themselves") from None
    for name in named:
        if name not in NAMES:
            raise ValueError(f"may name {', '.join(f'{{{one}}}' for one in NAMES)} and nothing else")
    return text


def _address(text: str) -> str:
    parts = urlsplit(_names_known(text))
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc):
        raise ValueError("an address is like http://127.0.0.1:3000/clear, and names nothing in its host")
    return text


Filled = Annotated[str, AfterValidator(_names_known)]
HttpAddress = Annotated[str, AfterValidator(_address)]
Limit = Annotated[float, Field(gt=0, le=300)]


class Parameters(BaseModel):
    """Parameters of an executor; unknown ones are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WebhookParameters(Parameters):
    """`status_url` is asked after a crash whether the request was done; `secret_file` holds the key of the
    signature."""

    url: Annotated[HttpAddress, Field(min_length=1)]
    undo_url: HttpAddress = ""
    status_url: HttpAddress = ""
    secret_file: str = ""
    timeout_seconds: Limit = 10.0


class KubernetesParameters(Parameters):
    """The Deployment to change. A scale out adds `add` replicas, up to `most`."""

    namespace: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    deployment: Filled = "{service}"
    container: Filled = Field("", description="of its pods; empty: the first one")
    add: int = Field(1, ge=1, le=100)
    most: int = Field(10, ge=1, le=10_000)
    api_url: str = Field("https://kubernetes.default.svc", pattern=r"^https?://[^\s{}]+$")
    token_file: str = f"{SERVICE_ACCOUNT}/token"
    ca_file: str = f"{SERVICE_ACCOUNT}/ca.crt"
    timeout_seconds: Limit = 10.0


class CommandParameters(Parameters):
    """A program with its arguments, which no shell reads."""

    argv: Annotated[tuple[Filled, ...], Field(min_length=1)]
    undo: tuple[Filled, ...] = ()
    timeout_seconds: Limit = 60.0


class SimulatedParameters(Parameters):
    """Nothing: it changes nothing."""


PARAMETERS: Final[Mapping[str, type[Parameters]]] = {
    "webhook": WebhookParameters,
    "kubernetes": KubernetesParameters,
    "command": CommandParameters,
    "simulated": SimulatedParameters,
}
"""By the name of the executor."""
ON_KUBERNETES: Final = frozenset({ActionKind.ROLLBACK, ActionKind.RESTART, ActionKind.SCALE_OUT})


def filled(parameters: Mapping[str, Any], evidence: ActionEvidence) -> tuple[dict[str, Any], str]:
    """Return parameters with the names of the evidence filled in, and what is wrong with these ("" where nothing)."""
    problems: list[str] = []
    whole = {key: _filled(key, value, evidence, problems) for key, value in parameters.items()}
    return whole, "; ".join(dict.fromkeys(problems))


def _filled(key: str, value: Any, evidence: ActionEvidence, problems: list[str]) -> Any:
    if isinstance(value, (list, tuple)):
        return [_filled(key, one, evidence, problems) for one in value]
    if not isinstance(value, str) or key in ("secret_file", "token_file", "ca_file", "api_url"):
        return value
    parts = []
    for text, name, _, _ in Formatter().parse(value):
        parts.append(text)
        if name is not None:
            found = str(getattr(evidence, name))
            if not found:
                problems.append(f"`{key}` needs the {name}, which is not known")
            elif not (PLAIN.fullmatch(found) or (name == "endpoint" and PATH.fullmatch(found))):
                problems.append(f"`{key}` needs the {name}, and {found!r} is no plain name")
            parts.append(quote(found, safe="") if key.endswith("url") else found)
    return "".join(parts)


def undo_words(executor: str, kind: ActionKind, parameters: Mapping[str, Any]) -> str:
    """Say how an action is undone; "" where it cannot be."""
    match executor:
        case "webhook":
            return f"POST to {parameters['undo_url']}" if parameters.get("undo_url") else ""
        case "kubernetes" if kind == ActionKind.ROLLBACK:
            return "put back the pod template that it replaced"
        case "kubernetes" if kind == ActionKind.SCALE_OUT:
            return "set the number of replicas from before"
        case "command":
            return f"run {' '.join(parameters['undo'])}" if parameters.get("undo") else ""
        case "simulated":
            return "nothing to undo: it changes nothing"
        case _:
            return ""
