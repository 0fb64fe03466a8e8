"""A release whose files disagree is refused with each of them; its notes are its section of the changelog."""

from pathlib import Path

import pytest

from tools.release.__main__ import main
from tools.release.versions import CHART, PACKAGES

CHANGELOG = """# Changelog

## Unreleased

- What comes.

## 0.2.0 (2026-12-01)

- The second,
  on two lines.

### Fixed

- A fault.

## 0.1.0

- The first.

## 0.0.9

"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files that all declare 0.2.0."""
    for one in (*PACKAGES, CHART):
        (tmp_path / one).parent.mkdir(parents=True)
    for one in PACKAGES:
        (tmp_path / one).write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / CHART).write_text('apiVersion: v2\nversion: 0.2.0\nappVersion: "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_tag_that_fits_is_said_as_a_version(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "v0.2.0"], tree) == 0
    assert capsys.readouterr().out == "version=0.2.0\n"


@pytest.mark.parametrize("what", ["check", "notes"])
@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("0.2.0", "'0.2.0' is no release"),
        ("v0.2", "'v0.2' is no release"),
        ("v0.2.0-rc.1", "is no release"),
        ("v0.2.0\nx=1", "is no release"),
        ("", "'' is no release"),
        ("v0.3.0", "CHANGELOG.md has no section 0.3.0"),
        ("v0.0.9", "the section 0.0.9 of CHANGELOG.md is empty"),
    ],
)
def test_what_is_no_release_is_refused(
    what: str, tag: str, reason: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([what, tag], tree) == 1
    said = capsys.readouterr()
    assert reason in said.err
    assert said.out == ""


@pytest.mark.parametrize("one", [*PACKAGES, CHART])
def test_every_place_that_declares_another_version_is_named(
    one: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / one).write_text((tree / one).read_text().replace("0.2.0", "0.1.9"))
    assert main(["check", "v0.2.0"], tree) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (2 if one == CHART else 1)
    assert all(line.endswith(f"{one} is 0.1.9, not 0.2.0") for line in lines)


def test_the_notes_are_the_section_and_no_more(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notes", "v0.2.0"], tree) == 0
    assert capsys.readouterr().out == "- The second,\n  on two lines.\n\n### Fixed\n\n- A fault.\n"
