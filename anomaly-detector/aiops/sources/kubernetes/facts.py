"""What objects of Kubernetes tell: changes, each with the fact by which it is stored once. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from aiops.model import Change
from aiops.model.change import OOM_KILL, WARNING
from aiops.sources.kubernetes.naming import Object, images_of, service_of, workload_version

KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")
"""Kinds of objects whose warnings are about a service."""
TOGETHER: Final = 600.0
"""Seconds in which warnings of one reason about one service are one."""
LONGEST: Final = 500
"""Characters of a message that are kept."""
SOURCE: Final = "kubernetes"


@dataclass(frozen=True, slots=True)
class Fact:
    """A change, and what it is known by."""

    change: Change
    key: str


@dataclass(frozen=True, slots=True)
class Template:
    """What of a workload is rolled out: a digest of its pod template, and its images."""

    digest: str
    images: Mapping[str, str]

    @classmethod
    def of(cls, workload: Object) -> "Template":
        """Read it from a workload."""
        template = (workload.get("spec") or {}).get("template")
        return cls(sha256(json.dumps(template, sort_keys=True).encode()).hexdigest(), images_of(workload))


def rollout(kind: str, workload: Object, before: Template | None, now: float) -> Fact | None:
    """Return the rollout of a workload whose pod template is another one; None where it is the same. before: None for
    a new workload."""
    after = Template.of(workload)
    if before is not None and before.digest == after.digest:
        return None
    meta = workload.get("metadata") or {}
    where = f"{kind} {meta.get('namespace')}/{meta.get('name')}"
    changed = [
        f"{image} (was {before.images[name]})" if name in before.images else image
        for name, image in after.images.items()
        if before is not None and before.images.get(name) != image
    ]
    if before is None:
        said = f"{where} is new: {', '.join(after.images.values())}"
    else:
        said = f"rollout of {where}: {', '.join(changed) or 'its pod template changed, its images did not'}"
    at, who = _edited(meta, now)
    change = Change(
        at=at,
        who=who,
        kind="deployment",
        service=service_of(workload),
        version=workload_version(workload),
        text=said[:LONGEST],
        source=SOURCE,
    )
    return Fact(change, f"{SOURCE}:rollout:{meta.get('uid')}:{meta.get('generation')}")


def kills(pod: Object) -> Iterator[Fact]:
    """Yield the containers of a pod that were killed because they had no memory left, as far as the pod tells."""
    meta = pod.get("metadata") or {}
    status = pod.get("status") or {}
    limits = {
        one.get("name"): ((one.get("resources") or {}).get("limits") or {}).get("memory", "")
        for one in (pod.get("spec") or {}).get("containers") or ()
    }
    for container in status.get("containerStatuses") or ():
        for state in ("lastState", "state"):
            ended = (container.get(state) or {}).get("terminated") or {}
            at = _time(ended.get("finishedAt"))
            if ended.get("reason") != "OOMKilled" or at is None:
                continue
            name = container.get("name")
            limit = f", its limit is {limits[name]}" if limits.get(name) else ""
            change = Change(
                at=at,
                who="",
                kind=OOM_KILL,
                service=service_of(pod),
                version="",
                text=f"container {name} of {meta.get('namespace')}/{meta.get('name')} had no memory left{limit}",
                source=SOURCE,
            )
            yield Fact(change, f"{SOURCE}:oom:{meta.get('uid')}:{name}:{ended.get('finishedAt')}")


def warning(event: Object, service: str) -> Fact | None:
    """Return a warning about a service; None for other events."""
    about = event.get("involvedObject") or {}
    series = event.get("series") or {}
    at = next(
        (
            found
            for value in (
                series.get("lastObservedTime"),
                event.get("lastTimestamp"),
                event.get("eventTime"),
                event.get("firstTimestamp"),
            )
            if (found := _time(value)) is not None
        ),
        None,
    )
    if event.get("type") != "Warning" or about.get("kind") not in KINDS or at is None or not service:
        return None
    where = f"{about.get('kind')} {about.get('namespace')}/{about.get('name')}"
    reason = str(event.get("reason") or "without a reason")
    change = Change(
        at=at,
        who="",
        kind=WARNING,
        service=service,
        version="",
        text=f"{reason} of {where}: {event.get('message') or ''}"[:LONGEST],
        source=SOURCE,
    )
    return Fact(change, f"{SOURCE}:warning:{about.get('namespace')}:{service}:{reason}:{at // TOGETHER:.0f}"[:256])


def _edited(meta: Mapping[str, Any], now: float) -> tuple[float, str]:
    """Return when somebody last wrote the specification of an object, and by which program."""
    written = [
        (at, str(one.get("manager") or ""))
        for one in meta.get("managedFields") or ()
        if "f:spec" in (one.get("fieldsV1") or {}) and not one.get("subresource")
        if (at := _time(one.get("time"))) is not None
    ]
    return max(written, default=(now, ""))


def _time(value: object) -> float | None:
    """Read a time of the API; None where there is none, or it makes no sense."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None
