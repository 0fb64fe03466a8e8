"""Why a release does not come up, as the cluster tells it: pods, warnings, last words. Short, and never an error."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tools.native.command import Command, UsageError

Document = Mapping[str, Any]
MOST_PODS = 3
MOST_EVENTS = 8
LAST_LINES = 5


def explanation(kubectl: Command, namespace: str, release: str, since: float) -> Iterator[str]:
    """Yield lines: pods that are not ready, warnings since a time (Unix seconds) but for those on pods that are, and
    logs of pods that are not ready; of the engine where every pod is."""
    selector = f"--selector=app.kubernetes.io/instance={release}"
    pods = _items(kubectl, "pods", "--namespace", namespace, selector)
    yield from pod_lines(pods)
    events = _items(kubectl, "events", "--namespace", namespace, "--field-selector=type=Warning")
    fine = {one["metadata"]["name"] for one in pods if _fine(one)}
    yield from event_lines([one for one in events if one["involvedObject"]["name"] not in fine], release, since)
    # The test's pod first: when that failed, its log says what did not answer.
    names = sorted(unready(pods), key=lambda name: name != f"{release}-test")
    for name in names[:MOST_PODS] or [f"{release}-engine-0"]:
        try:
            said = kubectl("logs", name, "--namespace", namespace, "--all-containers", f"--tail={LAST_LINES}")
        except UsageError:
            continue  # a container that never ran has none
        yield from (f"log of {name}: {line}" for line in said.splitlines()[-LAST_LINES:])


def pod_lines(pods: Sequence[Document]) -> Iterator[str]:
    """Say of each pod that is not ready why, as far as it is known; and how many there are in all."""
    left = [one for one in pods if not _fine(one)]
    yield f"{len(pods) - len(left)} of {len(pods)} pods are ready"
    for one in left:
        yield f"pod {one['metadata']['name']}: {_why(one)}"


def unready(pods: Sequence[Document]) -> list[str]:
    """Names of pods that are not ready."""
    return [one["metadata"]["name"] for one in pods if not _fine(one)]


def event_lines(events: Sequence[Document], release: str, since: float) -> Iterator[str]:
    """The newest warnings on objects of a release, one of a kind, the newest last."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for one in events:
        name, at = f"{one['involvedObject']['kind'].lower()}/{one['involvedObject']['name']}", _at(one)
        if at >= since and one["involvedObject"]["name"].startswith(f"{release}-"):
            said = " ".join(str(one.get("message", "")).split())
            found[name, str(one.get("reason"))] = (at, f"warning {one.get('reason')} {name}: {said}")
    yield from (line for _, line in sorted(found.values())[-MOST_EVENTS:])


def _items(kubectl: Command, *what: str) -> list[Document]:
    try:
        return list(json.loads(kubectl("get", *what, "--output", "json"))["items"])
    except UsageError:
        return []


def _fine(pod: Document) -> bool:
    if pod["status"].get("phase") == "Succeeded":
        return True
    ready = {one["type"]: one["status"] for one in pod["status"].get("conditions", ())}.get("Ready")
    return pod["status"].get("phase") == "Running" and ready == "True"


def _why(pod: Document) -> str:
    """What its containers wait for or ended with, else what its conditions say."""
    status = pod["status"]
    reasons = []
    for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        state, restarts = one.get("state", {}), one.get("restartCount", 0)
        held = state.get("waiting") or state.get("terminated")
        if held and held.get("exitCode", 1):
            code = f" ({held['exitCode']})" if "exitCode" in held else ""
            again = f", {restarts} restarts" if restarts else ""
            reasons.append(
                f"{one['name']} {held.get('reason', 'ended')}{code}{again} {held.get('message', '')}".strip()
            )
    for one in status.get("conditions", ()):
        if not reasons and one["status"] == "False" and one.get("message"):
            reasons.append(one["message"])
    return "; ".join([status.get("phase", "unknown"), *reasons])


def _at(event: Document) -> float:
    text = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return datetime.fromisoformat(str(text)).timestamp()
