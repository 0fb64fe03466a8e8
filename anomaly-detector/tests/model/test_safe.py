"""What services are called cannot forge a line of the log, speak to a terminal, or to a chat."""

import json
import logging
from dataclasses import replace

import click
import pytest
from made_up.fakes import NOW
from made_up.samples import sample

from aiops.cli import remote
from aiops.cli.terminal.table import text_table
from aiops.model.safe import shortened, visible, visible_in
from aiops.notify.alertmanager import alert_of
from aiops.presentation.incident import incident_document
from aiops.process import logs

NAME = "pay\n2026-11-29T09:00:00Z ERROR aiops: all is lost\x1b[2J\x9b31m\u202e"
SHOWN = r"pay\n2026-11-29T09:00:00Z ERROR aiops: all is lost\x1b[2J\x9b31m\u202e"
UNSEEN = ("\n", "\r", "\x1b", "\x9b", "\u202e", "\x00", "\u2028")


@pytest.mark.parametrize("text", ["", "payment", "Zahlung für ✓ 10 %", r"C:\new", "GET /{id}", "日本語"])
def test_what_is_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_what_is_unseen_is_written_out() -> None:
    assert visible(NAME) == SHOWN
    assert visible("\x00\t\r\x7f\u2028\ud800") == r"\x00\t\r\x7f\u2028\ud800"
    assert visible("two\nlines\x1b", keep="\n") == "two\nlines\\x1b"
    assert visible_in({NAME: [NAME, 1, None, (True,)]}) == {SHOWN: [SHOWN, 1, None, [True]]}


def line_of(record: logging.LogRecord) -> str:
    return logs.Formatter().format(record)


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    return logging.LogRecord("aiops.test", logging.WARNING, "here", 1, message, arguments, **{"exc_info": None, **more})  # type: ignore[arg-type]


def test_a_record_is_one_line_of_the_log() -> None:
    line = line_of(record("%s is gone", NAME))
    assert line.endswith(f"Z WARNING aiops.test: {SHOWN} is gone")
    assert not any(one in line for one in UNSEEN)


def test_no_line_of_a_traceback_passes_for_one_of_the_log() -> None:
    try:
        raise ValueError(NAME)
    except ValueError as error:
        told = record("it failed", exc_info=(ValueError, error, error.__traceback__))
    first, *rest = line_of(told).split("\n")
    assert first.endswith("it failed")
    assert len(rest) > 2
    assert all(one.startswith("  | ") for one in rest)
    assert "\x1b" not in "".join(rest)


def test_an_incident_on_a_terminal_speaks_for_itself_alone() -> None:
    told = replace(sample(), title=f"Error spike in {NAME}", affected_services=(NAME,))
    one = {**incident_document(told).model_dump(), "headline": f"Requests to {NAME} fail"}
    assert remote.line(one).count("\n") == 0
    assert SHOWN in remote.line(one)
    page = remote.fetch_page(one)
    assert "\x1b" not in page
    assert not [line for line in page.split("\n") if line.startswith("2026-11-29T09:00:00Z ERROR")]
    assert json.loads(json.dumps(one))["title"].endswith(NAME), "programs get names as they are"


def test_cells_of_a_table_keep_their_own_colour_and_no_other() -> None:
    coloured = click.style(f"bad {NAME}", fg="red")
    head, line = text_table(("what", "is"), [(NAME, coloured)])
    assert head.startswith("what")
    assert line.startswith(SHOWN)
    assert line.endswith(click.style(f"bad {SHOWN}", fg="red"))


def test_alerts_hold_no_control_characters() -> None:
    one = replace(sample(), title=NAME, affected_services=(NAME,), root_cause=None, no_cause=f"of {NAME}")
    alert = alert_of(one, "http://engine", NOW)
    texts = [*alert["labels"].values(), *alert["annotations"].values()]
    assert alert["annotations"]["summary"] == SHOWN
    assert alert["labels"]["service"] == SHOWN
    assert not [text for text in texts if any(one in text for one in UNSEEN)]


def test_what_would_be_learned_is_one_line_of_a_terminal() -> None:
    expected = {"expected": 0.1, "lower": 0.05, "upper": 0.2}
    change = {"labels": {"service": NAME, "route": "/a"}, "family": "latency", "before": expected, "after": expected}
    assert remote.relearned(change).startswith(f"{SHOWN} /a: latency")


def test_a_name_in_a_list_is_cut_where_it_is_longer_than_any_useful_one() -> None:
    assert shortened("checkout") == "checkout"
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 199 + "…"
