"""People and programs of a real OpenID provider, at a real engine."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from made_up.fakes import NOW
from made_up.samples import sample

from aiops.model import IncidentEvent, Transition
from aiops.store import SqlIncidents, open_store
from aiops.testing.waiting import until
from tools.native.build import ensure
from tools.native.kits import OPENID

from . import oidc_provider
from .oidc_provider import AUDIENCE, SECRET, Provider, providing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.stack
PROGRAM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
INCIDENT = "INC-1795253415-1"
PATIENCE = 30_000
BEN = "the-token-of-ben-0123456789"
POLICY = """
dry_run: false
actions:
  - {name: clear, action: clear_fault, services: [payment], executor: simulated, max_blast: {traffic: 1}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Signing:
    """An engine and its provider."""

    url: str
    provider: Provider

    def token(self) -> str:
        """A token of a program."""
        form = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": "api"}
        answer = requests.post(f"{self.provider.url}/token", form, auth=("deployer", "of-the-deployer"), timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def status(self, token: str) -> int:
        """What the engine answers who shows a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.url}/aiops/incidents", headers=headers, timeout=10).status_code


@contextmanager
def watching(folder: Path, port: int, settings: dict[str, str]) -> Iterator[str]:
    """Run an engine that knows an incident; its address."""
    store = SqlIncidents(open_store(f"sqlite:///{folder / 'incidents.sqlite'}"))
    store.save_cycle(NOW, NOW, (), [IncidentEvent(Transition.OPENED, sample())])
    store.close()
    (folder / "secret").write_text(f"{SECRET}\n")
    always = {
        "AIOPS_PORT": str(port),
        "AIOPS_OTLP_GRPC_PORT": str(free_port()),
        "AIOPS_OTLP_HTTP_PORT": str(free_port()),
        "AIOPS_DATA_DIR": str(folder),
        "AIOPS_RESOLVE_SECONDS": "1000000000",  # the incident is from long ago
        "AIOPS_OIDC_NAME": "Identity",
    }
    url, log = f"http://127.0.0.1:{port}", folder / "engine.log"
    with log.open("wb") as said:
        engine = subprocess.Popen(
            [sys.executable, "-m", "aiops", "up"], env={**os.environ, **always, **settings}, stdout=said, stderr=said
        )
        try:
            until(lambda: engine.poll() is not None or answers(f"{url}/health"), 60, "the engine is up")
            assert engine.poll() is None, log.read_text()
            yield url
        finally:
            engine.send_signal(signal.SIGINT)
            engine.wait(30)
    assert engine.returncode == 0, log.read_text()


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    if program := oidc_provider.missing():
        pytest.skip(f"there is no {program}")
    folder, port, provided = tmp_path_factory.mktemp("sign-on"), free_port(), free_port()
    (folder / "actions.yaml").write_text(POLICY)
    settings = {
        "AIOPS_ACTIONS_FILE": str(folder / "actions.yaml"),
        "AIOPS_TOKENS": json.dumps({"ben": BEN}),
        "AIOPS_TOKEN_ROLES": json.dumps({"ben": "responder"}),
        "AIOPS_OIDC_ISSUER": f"http://127.0.0.1:{provided}",
        "AIOPS_OIDC_CLIENT_ID": "aiops",
        "AIOPS_OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
        "AIOPS_OIDC_SCOPES": "openid profile groups",
        "AIOPS_OIDC_ROLES": '{"sre": "responder", "robots": "viewer"}',
        "AIOPS_OIDC_AUDIENCE": AUDIENCE,
    }
    with providing(provided, f"http://127.0.0.1:{port}") as provider, watching(folder, port, settings) as url:
        yield Signing(url, provider)


@pytest.fixture
def another(tmp_path: Path) -> Iterator[str]:
    """An engine with a provider that tells of no groups, and puts the name of people beside the token."""
    port, provided = free_port(), free_port()
    program = ensure(kit=OPENID)["openid-server"]
    given = {"PORT": str(provided), "REDIRECT_URI": f"http://127.0.0.1:{port}/sign-in/oidc/callback"}
    provider = subprocess.Popen([program], env={**os.environ, **given}, stderr=subprocess.DEVNULL)
    settings = {
        "AIOPS_OIDC_ISSUER": f"http://localhost:{provided}/",
        "AIOPS_OIDC_CLIENT_ID": "web",
        "AIOPS_OIDC_CLIENT_SECRET": "secret",
        "AIOPS_OIDC_DEFAULT_ROLE": "viewer",
    }
    try:
        until(
            lambda: answers(f"http://localhost:{provided}/.well-known/openid-configuration"), 60, "the provider is up"
        )
        with watching(tmp_path, port, settings) as url:
            yield url
    finally:
        provider.terminate()
        provider.wait(20)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def browsing() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    if PROGRAM is None:
        pytest.skip("there is no browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_somebody_signs_in_at_the_provider_and_works_on_an_incident(signing: Signing) -> None:
    proposed = requests.post(
        f"{signing.url}/aiops/actions",
        json={"incident": INCIDENT, "policy": "clear"},
        headers={"Authorization": f"Bearer {BEN}"},
        timeout=10,
    )
    assert proposed.json()["state"] == "proposed", proposed.text

    def sign_in(page: "Page", name: str) -> None:
        page.goto(f"{signing.url}/incidents/{INCIDENT}")
        page.get_by_role("link", name="Sign in with Identity").click()
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill("anything")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()

    with browsing() as browser:
        ana = browser.new_context().new_page()
        ana.set_default_timeout(PATIENCE)
        sign_in(ana, "ana")
        ana.wait_for_url(f"{signing.url}/incidents/{INCIDENT}")
        ana.get_by_role("button", name="Acknowledge").first.click()
        ana.get_by_text("acknowledged by ana").first.wait_for()
        ana.locator("#comment-text").fill("the **processor** refuses")
        ana.locator("#comment").click()
        ana.locator("strong", has_text="processor").wait_for()
        ana.get_by_role("button", name=f"Approve {proposed.json()['id']}").click()
        ana.get_by_text("approved by ana").first.wait_for()
        ana.get_by_role("button", name="Sign out").first.click()
        ana.get_by_role("link", name="sign out of Identity too").click()
        ana.wait_for_url(f"{signing.provider.url}/**")
        eve = browser.new_context().new_page()
        eve.set_default_timeout(PATIENCE)
        sign_in(eve, "eve")
        eve.get_by_text("Identity knows you as eve, but none of your groups may read here").wait_for()


def test_a_program_is_known_by_its_token_and_keys_change(signing: Signing) -> None:
    old = signing.token()
    until(lambda: signing.status(old) == 200, 30, "the engine has read the key")
    signing.provider.rotate()
    new = signing.token()
    until(lambda: signing.status(new) == 200, 30, "the engine has read the new key")
    assert signing.status(old) == 401, "the old key was withdrawn"
    assert signing.status(new[:-6] + "AAAAAA") == 401


def test_another_provider_knows_people_too(another: str) -> None:
    with browsing() as browser:
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{another}/incidents/{INCIDENT}")
        page.get_by_role("link", name="Sign in with Identity").click()
        page.locator("input[name=username]").fill("test-user@localhost")
        page.locator("input[name=password]").fill("verysecure")
        page.locator("button[type=submit], input[type=submit]").first.click()
        page.wait_for_url(f"{another}/incidents/{INCIDENT}")
        page.get_by_text("Your role is viewer").first.wait_for()
