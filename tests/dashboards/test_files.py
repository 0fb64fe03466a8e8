"""The files are what the code says, and whoever changes one by hand is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.dashboards import everything, laying, page
from tools.dashboards.__main__ import main
from tools.dashboards.overview import OVERVIEW
from tools.dashboards.panels import Row


def test_the_files_are_up_to_date() -> None:
    assert main(["--check"]) == 0


def test_a_file_is_the_same_every_time() -> None:
    assert laying.text(OVERVIEW) == laying.text(OVERVIEW)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository's folders, in which nothing is made yet."""
    text = everything.PAGE.read_text()
    for name, path in (("FOLDER", tmp_path / "grafana"), ("PAGE", tmp_path / "dashboards.md")):
        monkeypatch.setattr(everything, name, path)
    monkeypatch.setattr("tools.dashboards.__main__.ROOT", tmp_path)
    (tmp_path / "grafana").mkdir()
    (tmp_path / "dashboards.md").write_text(text)
    return tmp_path


def test_what_was_changed_by_hand_is_said_and_made_anew(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    changed, gone = elsewhere / "grafana" / "slo.json", elsewhere / "grafana" / "gone.json"
    changed.write_text(changed.read_text().replace("Budget left", "Budget"))
    gone.write_text("{}")
    capsys.readouterr()
    assert main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "not up to date: grafana/slo.json" in said
    assert "of no dashboard: grafana/gone.json" in said
    assert "run `make dashboards`" in said
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert not gone.exists()


def test_a_page_without_a_place_for_the_table_says_so() -> None:
    with pytest.raises(page.NoPlace, match="has no lines"):
        page.with_tables("# Dashboards\n", everything.DASHBOARDS)


def test_panels_that_do_not_fill_a_line_are_refused() -> None:
    [first, *_] = OVERVIEW.rows
    with pytest.raises(
        laying.Misfit, match=r"aiops-overview: a line is 24 wide and of one height, not 'Open incidents'"
    ):
        laying.text(replace(OVERVIEW, rows=(Row("Now", first.panels[:-1]),)))
