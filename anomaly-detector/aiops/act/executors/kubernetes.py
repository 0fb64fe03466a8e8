"""Actions on Deployments through the API of Kubernetes.

Each change is one patch that also writes the attempt into an annotation, so that the object itself shows afterwards
whether it was done. The patch names the resourceVersion that was read: if somebody else changed the object, it is not
done. Needs `get` and `patch` of deployments, and for a rollback `list` of replicasets, in the namespace.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import requests

from aiops.act.executor import ExecutionReport, Executor, done, not_done, not_known
from aiops.http import reason
from aiops.model import Action, ActionKind
from aiops.model.safe import visible

ATTEMPT: Final = "aiops.io/attempt"
BEFORE: Final = "aiops.io/before"
"""What was there before the attempt, as JSON."""
REVISION: Final = "deployment.kubernetes.io/revision"
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
Object = dict[str, Any]


class _Refused(Exception):
    """The API refuses, or what is there does not allow it: nothing was changed."""


class _Unanswered(Exception):
    """Nobody knows whether the change was made."""


class KubernetesExecutor(Executor):
    """Rolls back, restarts and scales Deployments."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def execute(self, action: Action, attempt: str) -> ExecutionReport:
        """Patch the Deployment."""
        return _reported(lambda: self._changed(action, attempt))

    def undo(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:
        """Put back what was there before."""
        return _reported(lambda: self._undone(action, attempt, observed))

    def ask(self, action: Action, attempt: str) -> ExecutionReport:
        """Read the annotation of the Deployment."""
        try:
            annotations = _Api(action).deployment()["metadata"].get("annotations", {})
        except (_Refused, _Unanswered) as error:
            return not_known(f"the Deployment cannot be read: {error}")
        if annotations.get(ATTEMPT) == attempt:
            return done("the Deployment shows the attempt", json.loads(annotations.get(BEFORE, "{}")))
        return not_done("the Deployment does not show the attempt")

    def _changed(self, action: Action, attempt: str) -> ExecutionReport:
        api = _Api(action)
        found = api.deployment()
        match action.kind:
            case ActionKind.RESTART:
                at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
                template = found["spec"]["template"]
                annotations = {**template.get("metadata", {}).get("annotations", {}), RESTARTED: at}
                metadata = {**template.get("metadata", {}), "annotations": annotations}
                api.patch(found, "/spec/template/metadata", metadata, attempt, {})
                return done(f"{api.name} is restarted")
            case ActionKind.SCALE_OUT:
                before = int(found["spec"].get("replicas", 1))
                after = min(before + action.parameters["add"], max(action.parameters["most"], before))
                if after == before:
                    raise _Refused(f"{api.name} has {before} replicas already, and {after} are the most")
                api.patch(found, "/spec/replicas", after, attempt, {"replicas": before})
                return done(f"{api.name} has {after} replicas instead of {before}", {"replicas": before})
            case _:
                return self._rolled_back(api, found, attempt, action)

    def _rolled_back(self, api: "_Api", found: Object, attempt: str, action: Action) -> ExecutionReport:
        now = int(found["metadata"].get("annotations", {}).get(REVISION, 0))
        sets = [one for one in api.replica_sets(found) if 0 < _revision(one) < now]
        wanted = action.evidence.instead
        fitting = [one for one in sets if _is_of(one, wanted, action.parameters["container"])] if wanted else sets
        if not fitting:
            what = f"of version {wanted} " if wanted else ""
            raise _Refused(f"{api.name} has no earlier revision {what}to go back to")
        target = max(fitting, key=_revision)
        observed = {"revision": now}
        api.patch(found, "/spec/template", _template(target), attempt, observed)
        return done(f"{api.name} is back at revision {_revision(target)}, instead of {now}", observed)

    def _undone(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:
        api = _Api(action)
        found = api.deployment()
        if action.kind == ActionKind.SCALE_OUT and "replicas" in observed:
            api.patch(found, "/spec/replicas", observed["replicas"], attempt, {})
            return done(f"{api.name} has {observed['replicas']} replicas again")
        if action.kind == ActionKind.ROLLBACK and "revision" in observed:
            sets = [one for one in api.replica_sets(found) if _revision(one) == observed["revision"]]
            if sets:
                api.patch(found, "/spec/template", _template(sets[0]), attempt, {})
                return done(f"{api.name} has the template of revision {observed['revision']} again")
        raise _Refused(f"what {api.name} was before is not known")


class _Api:
    """The API of one Deployment, with the credentials of the files. Raises _Refused or _Unanswered."""

    def __init__(self, action: Action) -> None:
        given = action.parameters
        self._given, self.name = given, str(given["deployment"])
        if not NAME.fullmatch(self.name):
            raise _Refused(f"{self.name!r} is no name of a Deployment")
        self._of = f"/apis/apps/v1/namespaces/{given['namespace']}"
        self._path = f"{self._of}/deployments/{self.name}"

    def deployment(self) -> Object:
        return self._send("GET", self._path)

    def replica_sets(self, deployment: Object) -> Sequence[Object]:
        """Return those of the Deployment."""
        labels = deployment["spec"]["selector"].get("matchLabels", {})
        chosen = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        found = self._send("GET", f"{self._of}/replicasets", params={"labelSelector": chosen})["items"]
        owner = deployment["metadata"]["uid"]
        return [one for one in found if any(of["uid"] == owner for of in one["metadata"].get("ownerReferences", ()))]

    def patch(self, found: Object, path: str, value: Any, attempt: str, before: Mapping[str, Any]) -> None:
        """Replace one value, and write the attempt into the annotations, if the object is still as it was found."""
        metadata = found["metadata"]
        annotations = {**metadata.get("annotations", {}), ATTEMPT: attempt, BEFORE: json.dumps(before)}
        steps = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            {"op": "add", "path": path, "value": value},
            {"op": "add", "path": "/metadata/annotations", "value": annotations},
        ]
        self._send("PATCH", self._path, data=json.dumps(steps), kind="application/json-patch+json")

    def _send(self, method: str, path: str, kind: str = "", **more: Any) -> Object:
        limit = float(self._given["timeout_seconds"])
        try:
            token = Path(self._given["token_file"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise _Refused(f"the token cannot be read: {self._given['token_file']}: {error.strerror}") from None
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        headers |= {"Content-Type": kind} if kind else {}
        with requests.Session() as session:
            session.trust_env, session.verify = False, self._given["ca_file"] or True
            try:
                answer = session.request(
                    method,
                    self._given["api_url"].rstrip("/") + path,
                    headers=headers,
                    timeout=(min(3.0, limit), limit),
                    allow_redirects=False,
                    **more,
                )
                found: Object = answer.json()
            except (OSError, ValueError) as error:
                failed = _Unanswered if method == "PATCH" else _Refused
                raise failed(f"the API of Kubernetes does not answer: {reason(error)}") from None
        if answer.ok:
            return found
        said = visible(str(found.get("message", answer.reason)))
        if method == "PATCH" and answer.status_code >= 500:
            raise _Unanswered(f"the API answers {answer.status_code}: {said}")
        raise _Refused(f"the API answers {answer.status_code}: {said}")


def _reported(change: Callable[[], ExecutionReport]) -> ExecutionReport:
    try:
        return change()
    except _Refused as error:
        return not_done(str(error))
    except _Unanswered as error:
        return not_known(str(error))


def _revision(replica_set: Object) -> int:
    return int(replica_set["metadata"].get("annotations", {}).get(REVISION, 0))


def _template(replica_set: Object) -> Object:
    """Return the pod template of a ReplicaSet, without what the controller adds."""
    template: Object = json.loads(json.dumps(replica_set["spec"]["template"]))
    template.get("metadata", {}).get("labels", {}).pop("pod-template-hash", None)
    return template


def _is_of(replica_set: Object, version: str, container: str) -> bool:
    """Whether a ReplicaSet runs a version: by its label app.kubernetes.io/version, or by the tag of its image."""
    template = replica_set["spec"]["template"]
    if template.get("metadata", {}).get("labels", {}).get("app.kubernetes.io/version") == version:
        return True
    images = [one["image"] for one in template["spec"]["containers"] if container in ("", one["name"])]
    return bool(images) and images[0].partition("@")[0].rpartition(":")[2] == version
