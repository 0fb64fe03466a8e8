"""Watches workloads, pods and events of Kubernetes: reads only, resumes where it was, and begins anew when it must."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from aiops.http import Client, RequestRejected
from aiops.model import Change
from aiops.model.errors import AiopsError, SourceError
from aiops.ports import Clock
from aiops.sources.kubernetes.connecting import KubernetesAccess
from aiops.sources.kubernetes.facts import Fact, Template, kills, rollout, warning
from aiops.sources.kubernetes.naming import Object, guessed, service_of

log = logging.getLogger(__name__)

RESOURCES: Final = {
    "deployments": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1",
    "pods": "/api/v1",
    "events": "/api/v1",
}
WORKLOADS: Final = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
WATCHED: Final = 10
"""Seconds that one request for changes lasts."""
WAITS: Final = (1.0, 5.0, 30.0)
"""Seconds to wait after the first, the second and each further failure."""
RECENT: Final = 3600.0
"""Seconds for which kills and warnings from before the start are told of."""
PAGE: Final = 500
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class _Place:
    """One resource, in one namespace or in all."""

    resource: str
    namespace: str

    @property
    def path(self) -> str:
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{RESOURCES[self.resource]}{inside}/{self.resource}"


class KubernetesWatcher:
    """Tells `record` of each change, with what it is known by: the same may be told again after a restart."""

    def __init__(
        self,
        access: KubernetesAccess,
        clock: Clock,
        record: Callable[[Change, str], object],
        namespaces: Sequence[str] = (),
        watched: int = WATCHED,
    ) -> None:
        self._access, self._clock, self._record, self._watched = access, clock, record, watched
        self._places = [_Place(resource, each) for each in namespaces or ("",) for resource in RESOURCES]
        self._templates: dict[str, Template] = {}
        self._services: dict[tuple[str, str, str], str] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._problems: dict[_Place, str] = {}

    @property
    def problems(self) -> list[str]:
        """What cannot be read now, in words."""
        with self._lock:
            return sorted(set(self._problems.values()))

    def start(self) -> None:
        """Watch, each resource in its own thread."""
        for place in self._places:
            thread = threading.Thread(target=self._follow, args=(place,), name=f"k8s-{place.resource}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End it; a request that waits for changes ends within seconds, and nobody waits for it."""
        self._ended.set()
        for thread in self._threads:
            thread.join(0.5)

    def _follow(self, place: _Place) -> None:
        version, failures, known = "", 0, False
        while not self._ended.is_set():
            try:
                client = Client(self._access.endpoint(1))
                try:
                    if not version:
                        version, known = self._list(client, place, known), True
                    version = self._watch(client, place, version)
                finally:
                    client.close()
                failures = 0
                self._said(place, "")
            except AiopsError as error:
                if isinstance(error, RequestRejected) and error.status == GONE:
                    version = ""  # it has forgotten what happened since: everything is listed again
                    continue
                self._said(place, str(error))
                self._ended.wait(WAITS[min(failures, len(WAITS) - 1)])
                failures += 1

    def _said(self, place: _Place, problem: str) -> None:
        with self._lock:
            before = self._problems.pop(place, "")
            if problem:
                self._problems[place] = problem
        if problem and problem != before:
            log.warning("changes of %s in Kubernetes cannot be watched: %s", place.resource, problem)

    def _list(self, client: Client, place: _Place, known: bool) -> str:
        """Read everything, and return the version that it is of. known: it was read before, so that what is new or
        different happened meanwhile."""
        following, version = "", ""
        while True:
            asked = {"limit": str(PAGE), **({"continue": following} if following else {})}
            found = client.json(place.path, asked)
            for item in found.get("items") or ():
                self._take(place, item, fresh=known)
            meta = found.get("metadata") or {}
            version, following = str(meta.get("resourceVersion") or ""), str(meta.get("continue") or "")
            if not following:
                return version

    def _watch(self, client: Client, place: _Place, version: str) -> str:
        """Take what happens for some seconds; return the version after it."""
        asked = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(self._watched),
        }
        for kind, item in _events(client.ask(place.path, asked)):
            if kind == "ERROR":
                if item.get("code") == GONE:
                    raise RequestRejected(str(item.get("message")), GONE)
                raise SourceError(f"Kubernetes ends the watch of {place.resource}: {item.get('message')}")
            if kind in ("ADDED", "MODIFIED"):
                self._take(place, item, fresh=True)
            elif kind == "DELETED":
                self._forget(place, item)
            version = str((item.get("metadata") or {}).get("resourceVersion") or version)
        return version

    def _take(self, place: _Place, item: Object, fresh: bool) -> None:
        for fact in self._facts(place.resource, item, fresh):
            self._record(fact.change, fact.key)
        if place.resource in WORKLOADS:  # only now: what could not be recorded is told again
            with self._lock:
                self._templates[_uid(item)] = Template.of(item)

    def _facts(self, resource: str, item: Object, fresh: bool) -> Iterator[Fact]:
        now = self._clock.now()
        if resource == "events":
            fact = warning(item, self._service(item.get("involvedObject") or {}))
            if fact is not None and (fresh or now - fact.change.at <= RECENT):
                yield fact
            return
        self._remember(WORKLOADS.get(resource, "Pod"), item)
        if resource == "pods":
            yield from (one for one in kills(item) if fresh or now - one.change.at <= RECENT)
            return
        with self._lock:
            before = self._templates.get(_uid(item))
        found = rollout(WORKLOADS[resource], item, before, now) if fresh else None
        if found is not None:
            yield found

    def _remember(self, kind: str, item: Object) -> None:
        meta = item.get("metadata") or {}
        with self._lock:
            self._services[kind, str(meta.get("namespace")), str(meta.get("name"))] = service_of(item)

    def _forget(self, place: _Place, item: Object) -> None:
        meta = item.get("metadata") or {}
        kind = WORKLOADS.get(place.resource, "Pod")
        with self._lock:
            self._templates.pop(_uid(item), None)
            self._services.pop((kind, str(meta.get("namespace")), str(meta.get("name"))), None)

    def _service(self, about: Mapping[str, Any]) -> str:
        """Return the service that an event is about; by its name where the object is not known."""
        kind, namespace, name = (str(about.get(key) or "") for key in ("kind", "namespace", "name"))
        with self._lock:
            if found := self._services.get((kind, namespace, name)):
                return found
            owner = guessed(kind, name)
            named = (self._services.get((each, namespace, owner)) for each in WORKLOADS.values())
            return next(filter(None, named), owner)


def _uid(item: Object) -> str:
    return str((item.get("metadata") or {}).get("uid") or "")


def _events(body: bytes) -> Iterator[tuple[str, Object]]:
    """Yield the events of a watch: a JSON object in each line. A last line that is cut off is left for the next."""
    for line in body.splitlines():
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        yield str(found.get("type")), found.get("object") or {}
