"""Commands on actions, beside a real engine's API, as processes."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from act.conftest import Acting, acting, migrated
from act.policies import incident
from made_up.samples import sample
from made_up.world import World
from werkzeug.serving import make_server

from aiops.model import Actor

__all__ = ["acting", "migrated"]
TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ana", "ben")}
INC = "INC-1795253415-1"


@pytest.fixture
def world(acting: Acting) -> World:
    made = acting()
    made.keep(sample())
    return made


@pytest.fixture
def url(world: World) -> Iterator[str]:
    app = world.app(tokens=TOKENS, token_roles=dict.fromkeys(TOKENS, "responder"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(60)
    server.server_close()


def aiops(*words: str, who: str = "ana") -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AIOPS_")}
    command = [sys.executable, "-m", "aiops", "actions", *words]
    env = {**clean, "AIOPS_TOKEN": TOKENS[who]}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_two_people_bring_an_action_to_its_end(world: World, url: str) -> None:
    said = aiops("propose", INC, "clear", "--url", url)
    assert said.returncode == 0, said.stderr
    name = said.stdout.split()[0]
    digest = next(line.split()[1] for line in said.stdout.splitlines() if line.startswith("digest"))
    mine = aiops("approve", name, "--digest", digest, "--url", url)
    assert (mine.returncode, "another person must approve" in mine.stderr) == (1, True)
    blind = aiops("approve", name, "--url", url, who="ben")
    assert (blind.returncode, "nothing was approved" in blind.stderr) == (1, True)
    wrong = aiops("approve", name, "--digest", "0" * 64, "--url", url, who="ben")
    assert (wrong.returncode, "it is not what was seen" in wrong.stderr) == (1, True)
    done = aiops("approve", name, "--digest", digest[:12], "--url", url, who="ben")
    assert done.returncode == 0, done.stderr
    world.use_cases.actions.work()
    assert "verifying" in aiops("list", "--url", url).stdout
    shown = aiops("show", name, "--url", url).stdout
    assert "REFUSE  other person: ana proposed it" in shown
    assert "simulated clear_fault of payment: nothing was changed" in shown
    late = aiops("refuse", name, "--url", url)
    assert (late.returncode, "cannot become rejected" in late.stderr) == (1, True)


def test_a_refusal_is_an_exit_code_and_its_reasons(world: World, url: str) -> None:
    world.keep(incident(dimensions=(), confidence=0.9))
    world.clock.at += 1
    world.use_cases.actions.propose(INC, "clear", Actor("ben"))
    said = aiops("list", "--state", "active", "--url", url)
    name = said.stdout.split()[0]
    gone = aiops("cancel", name, "--reason", "not now", "--url", url)
    assert "cancelled by ana: not now" in gone.stdout


def test_check_explains_mistakes_by_key(tmp_path: Path) -> None:
    file = tmp_path / "actions.yaml"
    file.write_text("actions:\n  - {name: r, action: restart, services: [payment], executor: simulated}\n")
    right = aiops("check", str(file))
    assert (right.returncode, right.stdout.splitlines()[0]) == (
        0,
        "r: restart of payment by simulated, dry run after approval by a responder",
    )
    file.write_text("actions:\n  - {name: r, action: reboot, services: [], executor: simulated}\n")
    wrong = aiops("check", str(file))
    assert wrong.returncode == 1
    assert "`actions[0].action` (r)" in wrong.stderr
    assert "`actions[0].services` (r)" in wrong.stderr
    assert aiops("check", str(tmp_path / "none.yaml")).returncode == 1
