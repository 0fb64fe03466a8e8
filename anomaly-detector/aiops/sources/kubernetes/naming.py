"""Which service a workload or pod of Kubernetes is: by the name that its telemetry has."""

import re
from collections.abc import Mapping
from typing import Any, Final

Object = Mapping[str, Any]
"""An object of the API, as JSON."""
LABEL: Final = "app.kubernetes.io/name"
VERSION: Final = "app.kubernetes.io/version"
ANNOTATION: Final = "resource.opentelemetry.io/service.name"
POD_SUFFIX: Final = re.compile(r"(-[a-f0-9]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$|-\d+$")
"""What controllers add to their name for a pod: the hash of a ReplicaSet and five letters, or a number."""
REPLICA_SET_SUFFIX: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}$")


def service_of(of: Object) -> str:
    """Return the service of a workload or pod: the name that OpenTelemetry is given in its environment, the annotation
    of its operator, the label app.kubernetes.io/name, else the name of the workload."""
    template = _in(of, "spec", "template") or of
    for container in _in(template, "spec", "containers") or ():
        given = {one.get("name"): one.get("value") or "" for one in container.get("env") or ()}
        resource = dict(
            pair.split("=", 1) for pair in given.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if "=" in pair
        )
        if name := given.get("OTEL_SERVICE_NAME") or resource.get("service.name", "").strip():
            return str(name)
    for one in (template, of):
        meta = one.get("metadata") or {}
        if name := (meta.get("annotations") or {}).get(ANNOTATION) or (meta.get("labels") or {}).get(LABEL):
            return str(name)
    return workload_of(of)


def workload_of(of: Object) -> str:
    """Return the name of the workload that an object belongs to."""
    meta = of.get("metadata") or {}
    for owner in meta.get("ownerReferences") or ():
        if owner.get("kind") == "ReplicaSet":
            return REPLICA_SET_SUFFIX.sub("", str(owner.get("name")))
        if owner.get("controller"):
            return str(owner.get("name"))
    return str(meta.get("name") or "")


def guessed(kind: str, name: str) -> str:
    """Return the name of the workload of a pod or ReplicaSet that is not known, by what controllers add to it."""
    if kind == "Pod":
        return POD_SUFFIX.sub("", name)
    return REPLICA_SET_SUFFIX.sub("", name) if kind == "ReplicaSet" else name


def workload_version(of: Object) -> str:
    """Return the version of a workload: its label, or the tag that its images share; "" where there is none."""
    template = _in(of, "spec", "template") or {}
    for one in (template, of):
        if version := (_in(one, "metadata", "labels") or {}).get(VERSION):
            return str(version)
    tags = {tag for image in images_of(of).values() if (tag := _tag(image))}
    return tags.pop() if len(tags) == 1 else ""


def images_of(of: Object) -> dict[str, str]:
    """Return the images of a workload's containers, by their names."""
    containers = _in(of, "spec", "template", "spec", "containers") or ()
    return {str(one.get("name")): str(one.get("image") or "") for one in containers}


def _tag(image: str) -> str:
    last = image.rpartition("/")[2].partition("@")[0]
    return last.partition(":")[2]


def _in(of: Object, *keys: str) -> Any:
    found: Any = of
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
