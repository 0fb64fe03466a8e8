"""The watcher against a small API of Kubernetes that lists, watches, forgets and breaks."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from aiops.model import Change
from aiops.model.errors import StoreError
from aiops.sources.kubernetes import KubernetesAccess, KubernetesWatcher
from aiops.testing import GivenClock
from aiops.testing.waiting import until

from .test_facts import AT, event, pod, workload


@dataclass
class Api:
    """Lists what is there, and tells of what happens: `history` are the events, each with its version."""

    there: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    history: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    oldest: int = 0
    broken: bool = False
    lists: list[str] = field(default_factory=list)
    watches: list[tuple[str, str]] = field(default_factory=list)

    def happen(self, kind: str, resource: str, item: dict[str, Any]) -> None:
        version = len(self.history) + 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(version)}}
        self.history.append((version, resource, {"type": kind, "object": item}))

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        resource = path.rpartition("/")[2]
        if self.broken:
            return 500, b'{"kind": "Status", "message": "etcd is away"}'
        if asked.get("watch") != "true":
            self.lists.append(path)
            found = {"metadata": {"resourceVersion": str(len(self.history))}, "items": self.there.get(resource, [])}
            return 200, json.dumps(found).encode()
        since = int(asked["resourceVersion"])
        self.watches.append((resource, asked["resourceVersion"]))
        if since < self.oldest:
            gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
            return 200, json.dumps(gone).encode()
        lines = [json.dumps(one) for version, of, one in list(self.history) if of == resource and version > since]
        if not lines:  # as a server does that has nothing to tell until the time is over
            threading.Event().wait(0.02)
        return 200, "\n".join(lines).encode()


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    one = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            status, body = one.answer(url.path, {key: value[0] for key, value in parse_qs(url.query).items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield one, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Told:
    changes: dict[str, Change] = field(default_factory=dict)
    refused: int = 0

    def record(self, change: Change, fact: str) -> bool:
        if self.refused:
            self.refused -= 1
            raise StoreError("the disk is full; make room")
        self.changes.setdefault(fact, change)
        return True

    @property
    def kinds(self) -> list[str]:
        return sorted(one.kind for one in self.changes.values())


def watching(url: str, told: Told, *namespaces: str) -> KubernetesWatcher:
    return KubernetesWatcher(KubernetesAccess(url=url), GivenClock(AT), told.record, namespaces, 1)


def test_it_tells_of_rollouts_kills_and_warnings_after_what_was_there(api: tuple[Api, str]) -> None:
    one, url = api
    one.there = {"deployments": [workload()]}
    told, watcher = Told(), None
    watcher = watching(url, told)
    watcher.start()
    try:
        until(lambda: len({resource for resource, _ in one.watches}) == 5, 30, "everything is watched")
        assert told.changes == {}, "what was there is no change"
        one.happen("MODIFIED", "deployments", workload(replicas=4))
        one.happen("MODIFIED", "deployments", workload("payment:1.5.0"))
        one.happen("MODIFIED", "pods", pod())
        one.happen("ADDED", "events", event(metadata={"name": "e"}))
        until(lambda: told.kinds == ["deployment", "oom_kill", "warning"], 30, "all three are told")
        assert {change.service for change in told.changes.values()} == {"payment"}
        assert watcher.problems == []
    finally:
        watcher.stop()


def test_it_goes_on_where_it_was_and_lists_anew_when_that_is_forgotten(api: tuple[Api, str]) -> None:
    one, url = api
    one.there = {"statefulsets": [workload()]}
    told = Told()
    watcher = watching(url, told)
    watcher.start()
    try:
        until(lambda: ("statefulsets", "0") in one.watches, 30, "it is watched")
        one.happen("BOOKMARK", "statefulsets", {"metadata": {}})
        until(lambda: ("statefulsets", "1") in one.watches, 30, "it resumes behind the bookmark")
        assert len([each for each in one.lists if each.endswith("statefulsets")]) == 1
        one.there = {"statefulsets": [workload("payment:1.5.0")]}
        one.oldest = 2
        one.history += [(2, "", {})]
        until(lambda: told.kinds == ["deployment"], 30, "what happened meanwhile is seen in the new list")
        assert len([each for each in one.lists if each.endswith("statefulsets")]) == 2
    finally:
        watcher.stop()


def test_what_cannot_be_stored_is_told_again(api: tuple[Api, str]) -> None:
    one, url = api
    one.there = {"daemonsets": [workload()]}
    told = Told()
    watcher = watching(url, told)
    watcher.start()
    try:
        until(lambda: ("daemonsets", "0") in one.watches, 30, "it is watched")
        told.refused = 1
        one.happen("MODIFIED", "daemonsets", workload("payment:1.5.0"))
        until(lambda: told.kinds == ["deployment"], 30, "it is told again")
    finally:
        watcher.stop()


def test_an_api_that_does_not_answer_is_a_problem_until_it_does(api: tuple[Api, str]) -> None:
    one, url = api
    one.broken = True
    watcher = watching(url, Told())
    watcher.start()
    try:
        until(lambda: any("etcd is away" in each for each in watcher.problems), 30, "it says why")
        one.broken = False
        until(lambda: watcher.problems == [], 60, "it reads again")
    finally:
        watcher.stop()


def test_only_the_namespaces_that_are_named_are_asked_for(api: tuple[Api, str]) -> None:
    one, url = api
    watcher = watching(url, Told(), "shop", "store")
    watcher.start()
    try:
        until(lambda: len(one.lists) == 10, 30, "each resource of both")
        assert "/apis/apps/v1/namespaces/shop/deployments" in one.lists
        assert "/api/v1/namespaces/store/events" in one.lists
    finally:
        watcher.stop()
