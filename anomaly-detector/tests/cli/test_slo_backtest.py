"""`aiops slo backtest` as a user calls it: what a terminal shows, and what wrong use is told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiops.cli.main import main
from aiops.model import iso
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource

from ..slo.documents import CHECKOUT, changed
from ..slo.test_openslo import QUERIES, RAW
from ..sources.conftest import T0, Embedded
from ..sources.otlp import Point, http, points

UNTIL = iso(T0 + 7200)
HOLD = """
import signal, sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Objectives, and two hours of what an engine has left: five bad minutes after one."""
    (tmp_path / "slo.yaml").write_text(CHECKOUT)
    store = Embedded(str(tmp_path / "telemetry.duckdb"))
    store.clock.time = T0 + 7260
    sent = []
    for minute in range(1, 121):
        failed = 10 * min(max(minute - 60, 0), 5)
        for status, count in ((200, 10 * minute - failed), (503, failed)):
            of, at = http("/checkout", status, method="POST"), T0 + 60 * minute
            sent.append(Point(at, T0, buckets=(count, 0, 0, 0), attributes=of, service="gateway"))
    store.feed(points(*sent))
    store.source.close()
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["slo", "backtest", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_one_look_says_it_all(folder: Path) -> None:
    before = files(folder)
    done = run(folder, "--data-dir", folder, "--since", "2h", "--target", "0.9")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    head, _, titles, own, page, ticket, what_if, *more = done.stdout.splitlines()
    assert head == f"from 2023-11-14 22:00 UTC to 2023-11-15 00:00 UTC (2 h), in the store in {folder}"
    assert titles.split() == ["objective", "target", "SLI", "bad", "of", "all", "budget", "spent", "alerts"]
    for said in ("checkout-availability", "99.9%", "95.833%", "50 of 1,200", "11.6% of 30d", "1 page, 1 ticket"):
        assert said in own, said
    assert page == "    page    2023-11-14 23:01 UTC to 2023-11-14 23:35 UTC, 34 min"
    assert ticket == "    ticket  2023-11-14 23:07 UTC and still, 53 min"
    assert what_if.split() == ["if", "it", "were", "90%", "90%", "0.1%", "of", "30d", "none"]
    assert more == []
    assert files(folder) == before, "to look changes nothing"


def test_the_end_is_the_newest_that_there_is(folder: Path) -> None:
    assert run(folder, "--data-dir", folder).stdout.startswith("from 2023-11-08 00:00 UTC to 2023-11-15 00:00 UTC")
    earlier = run(folder, "--data-dir", folder, "--since", "1h", "--until", iso(T0 + 3600))
    assert "0 of 600" in earlier.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--prometheus-url or --data-dir"),
        (("--data-dir", "{folder}", "--prometheus-url", "http://127.0.0.1:9"), "one of them"),
        (("--data-dir", "{folder}", "--target", "0"), "0 must lie between 0 and 1, both excluded"),
        (("--data-dir", "{folder}", "--target", "1"), "1 must lie between 0 and 1, both excluded"),
        (("--data-dir", "{folder}", "--target", "99.9"), "both excluded; did you mean 0.999?"),
        (("--data-dir", "{folder}", "--target", "1.5"), "1.5 must lie between 0 and 1"),
        (("--data-dir", "{folder}", "--target", "nan"), "nan must lie between 0 and 1"),
        (("--data-dir", "{folder}", "--target", "most"), "'most' is no number; write a share such as 0.999"),
        (("--data-dir", "{folder}", "--since", "1M"), "--since is no length such as 36h or 7d"),
        (("--data-dir", "{folder}", "--since", "2023-11-14 22:00"), "needs its zone"),
        (("--data-dir", "{folder}", "--since", "400d"), "--since 400d is too long ago: at most 366d"),
        (("--data-dir", "{folder}", "--since", UNTIL, "--until", iso(T0)), "must be before the end, 2023-11-14 22:00"),
        (("--data-dir", "{folder}", "--since", UNTIL), "must be before the end"),
        (("--data-dir", "{folder}/none"), "is it the data directory of an engine?"),
        (("--prometheus-url", "http://127.0.0.1:9"), "Prometheus at http://127.0.0.1:9 cannot be reached"),
    ],
)
def test_wrong_use_is_one_clear_sentence(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(folder, *(one.format(folder=folder) for one in arguments))
    assert done.exit_code == 2, done.output
    assert said in done.stderr


@pytest.fixture
def held(folder: Path) -> Iterator[Path]:
    """A folder whose store another process has open, as a running engine does."""
    command = [sys.executable, "-c", HOLD, str(folder / "telemetry.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        yield folder
        holder.kill()


def test_an_engine_that_runs_is_said(held: Path) -> None:
    done = run(held, "--data-dir", held)
    assert done.exit_code == 2
    assert "belongs to a running engine, and only one process can open it: stop that engine first" in done.stderr


def test_what_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(CHECKOUT)
    (tmp_path / "telemetry.duckdb").write_text("something else")
    before = files(tmp_path)
    done = run(tmp_path, "--data-dir", tmp_path)
    assert (done.exit_code, "is not a store that can be read" in done.stderr) == (2, True)
    assert files(tmp_path) == before


def test_empty_history_is_no_success(folder: Path, tmp_path: Path) -> None:
    done = run(folder, "--data-dir", folder, "--since", "1h", "--until", iso(T0 - 3600))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "has nothing of these objectives from 2023-11-14 20:00 UTC to 2023-11-14 21:00 UTC" in done.stderr
    empty = tmp_path / "empty"
    EmbeddedSource(EmbeddedSettings(path=str(empty / "telemetry.duckdb")), Embedded().clock).close()
    done = run(folder / "slo.yaml", "--data-dir", empty)
    assert (done.exit_code, "is it the right one" in done.stderr) == (1, True)


def test_a_mistake_costs_its_own_objective_only(folder: Path) -> None:
    (folder / "bad.yaml").write_text(changed(CHECKOUT, ("checkout-availability", "bad"), ("0.9990", "1.5")))
    done = run(folder, "--data-dir", folder)
    assert done.exit_code == 1
    assert f"{folder}/bad.yaml:26:15: spec.objectives[0].target: is 1.5" in done.stderr
    assert "1 page, 1 ticket" in done.stdout


def test_to_count_nothing_is_no_success(folder: Path) -> None:
    (folder / "slo.yaml").write_text(changed(CHECKOUT, (RAW, QUERIES)))
    done = run(folder, "--data-dir", folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing can be counted: checkout-availability: its PromQL is for Prometheus alone" in done.stderr
