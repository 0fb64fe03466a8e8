"""What the repository promises about itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tools.release.versions import declared

ROOT = Path(__file__).parents[1]
LOCKS = {
    "requirements-uv.lock": 1,
    "anomaly-detector/requirements.lock": 40,
    "anomaly-detector/requirements-image.lock": 41,
    "demo-app/requirements.lock": 20,
    "requirements-dev.lock": 60,
}
"""And how many packages each names at least."""
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("demo-app/*.md")]


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Version by package and marker."""
    rows = re.findall(r"^([\w.-]+)==([\w.]+)(?: ; ([^\\]+?))? \\$", (ROOT / lock).read_text(), re.MULTILINE)
    return {(name, marker.strip()): version for name, version, marker in rows}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_is_hashed_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    pinned = [line for line in text.splitlines() if "==" in line]
    assert len(pinned) >= LOCKS[lock]
    assert all(line.endswith("\\") for line in pinned), "every pin is followed by its hashes"


def test_the_lock_files_agree() -> None:
    seen: dict[tuple[str, str], str] = {}
    for lock in LOCKS:
        for key, version in pins(lock).items():
            assert seen.setdefault(key, version) == version, (lock, key)


@pytest.mark.parametrize("project", ["anomaly-detector", "demo-app"])
def test_every_dependency_is_locked(project: str) -> None:
    wanted = tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"]["dependencies"]
    locked = {name for name, _ in pins(f"{project}/requirements.lock")}
    assert {re.split(r"[>=<\[]", one)[0] for one in wanted} <= locked


def test_the_image_has_what_the_demo_has_and_the_extras() -> None:
    demo, image = pins("anomaly-detector/requirements.lock"), pins("anomaly-detector/requirements-image.lock")
    assert demo.items() <= image.items()
    assert {name for name, _ in image} - {name for name, _ in demo} >= {"apprise", "argon2-cffi", "mcp"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_each_threat_names_a_test_that_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text().partition("## Threats")[2]
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 18
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for threat, _, proof in rows:
        named = re.findall(r"`([^`]+)`", proof)
        assert named, threat
        for one in named:
            if one.startswith("make "):
                assert one.removeprefix("make ") in targets, one
            else:
                assert any((folder / one).is_file() for folder in (ROOT, ROOT / "anomaly-detector")), one


def test_packages_and_chart_have_one_version() -> None:
    from aiops import __version__

    assert set(declared(ROOT).values()) == {__version__}


def test_no_prometheus_can_be_ended_by_a_web_page() -> None:
    """`--web.enable-lifecycle` lets whoever reaches the port, a page in a browser too, end Prometheus or reload it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    starts = set()
    for name in listed.split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix == ".md" or path == Path(__file__):
            continue
        text = path.read_bytes()
        assert b"web.enable-lifecycle" not in text, name
        if b"--storage.tsdb.path" in text:
            starts.add(name.split("/")[0])
    assert {"docker-compose.yml", "k8s", "tools"} <= starts, "what starts Prometheus is looked at"
