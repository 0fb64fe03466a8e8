"""What messages of other programs say about changes: pure, from validated messages to changes or why there is none."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.model import Change
from aiops.presentation.times import unix_seconds

BEGUN: Final = {"in_progress": "begins", "success": "", "failure": "failed", "error": "failed"}
"""States of a deployment of GitHub in which something has changed, and what is said of them."""
FULL_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SHORT: Final = 12
"""Characters of a commit that are shown as a version."""
RESOURCE: Final = re.compile(r"proj/([^:;]+)(?:;[^:]*)?:env/([^:;]+)(?:;[^:]*)?:flag/([^:;]+)")
"""A flag in the resource specifiers of LaunchDarkly: project, environment, key."""


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A change, and what it is known by, so that it is stored once."""

    change: Change
    fact: str


@dataclass(frozen=True, slots=True)
class Untold:
    """A message that says no change, and why."""

    why: str


def of_github(
    event: str, message: Mapping[str, Any], service: str | None, environment: str | None
) -> ToldChange | Untold:
    """Read an event of GitHub. The first message that says that a deployment has begun makes the change."""
    deployment, status, repository = (message[key] for key in ("deployment", "deployment_status", "repository"))
    if event not in ("deployment", "deployment_status") or deployment is None or repository is None:
        return Untold(f"the event {event or 'without X-GitHub-Event'} says nothing of a deployment")
    if environment is not None and deployment["environment"] != environment:
        return Untold(f"it is about the environment {deployment['environment']!r}")
    if event == "deployment_status" and (status is None or status["state"] not in BEGUN):
        return Untold(f"the state {status['state'] if status else None!r} changes nothing")
    given = _payload(deployment["payload"])
    ref = deployment["ref"].removeprefix("refs/tags/").removeprefix("refs/heads/")
    version = given.get("version") or (ref if re.match(r"v?\d", ref) and not FULL_SHA.fullmatch(ref) else "")
    said = BEGUN[status["state"]] if status is not None else "begins"
    where = f"{repository['full_name']}@{deployment['sha'][:SHORT]}" if deployment["sha"] else repository["full_name"]
    creator = (status or deployment)["creator"] or deployment["creator"] or {}
    text = ": ".join(filter(None, (deployment["environment"], said, deployment["description"])))
    change = Change(
        at=unix_seconds((status or deployment)["created_at"]),
        who=creator.get("login", ""),
        kind="deployment",
        service=service or given.get("service") or repository["name"],
        version=version or deployment["sha"][:SHORT],
        text=f"{text} ({where})".strip(),
        source="github",
    )
    return ToldChange(change, f"github:{repository['full_name']}:{deployment['id']}")


def of_argo(message: Mapping[str, Any], service: str | None, now: float) -> ToldChange | Untold:
    """Read a sync of Argo CD."""
    if message["phase"] not in ("Succeeded", "Failed", "Error"):
        return Untold(f"the phase {message['phase']!r} changes nothing")
    last = [one.rpartition("/")[2] for one in message["images"] or () if "@" not in one]
    tags = {one.partition(":")[2] for one in last if ":" in one}
    revision = message["revision"]
    short = revision[:SHORT] if FULL_SHA.fullmatch(revision) else revision
    at = message["finished_at"]
    failed = "" if message["phase"] == "Succeeded" else "failed"
    text = ": ".join(filter(None, (f"sync of {message['app']} to {short}".removesuffix(" to "), failed)))
    change = Change(
        at=now if at is None else unix_seconds(at),
        who=message["who"] or "",
        kind="deployment",
        service=service or message["service"] or message["app"],
        version=next(iter(tags)) if len(tags) == 1 else short,
        text=" ".join(filter(None, (text, f"({message['message']})" if message["message"] else ""))),
        source="argocd",
    )
    moment = f"{change.at:.0f}" if at is not None else ""
    return ToldChange(change, f"argocd:{message['app']}:{revision}:{moment}"[:256])


def of_flag(message: Mapping[str, Any], service: str | None, environment: str | None) -> ToldChange | Untold:
    """Read an entry of the audit log of flags."""
    if message["kind"] != "flag":
        return Untold(f"it is about a {message['kind']}, not about a flag")
    target = message["target"] or {}
    places = [found for one in target.get("resources", ()) if (found := RESOURCE.fullmatch(one))]
    environments = sorted({found[2] for found in places})
    if environment is not None and environments and environment not in environments:
        return Untold(f"it is about the environment {', '.join(environments)}")
    project = next((found[1] for found in places), "")
    if not (service or project):
        return Untold("it does not say which service it changes; add ?service=NAME to the address of the webhook")
    what = " ".join(filter(None, (message["titleVerb"] or "changed the flag", message["name"] or target.get("name"))))
    where = f" in {', '.join(environments)}" if environments else ""
    comment = f": {message['comment']}" if message["comment"] else ""
    change = Change(
        at=message["date"] / 1000,
        who=(message["member"] or {}).get("email", ""),
        kind="flag",
        service=service or project,
        version="",
        text=f"{what}{where}{comment}",
        source="flags",
    )
    return ToldChange(change, f"flags:{message['_id']}")


def _payload(given: object) -> dict[str, str]:
    """Return service and version of a deployment's payload: an object, or JSON in a text."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except json.JSONDecodeError:
            return {}
    if not isinstance(given, dict):
        return {}
    return {key: given[key][:256] for key in ("service", "version") if isinstance(given.get(key), str)}
