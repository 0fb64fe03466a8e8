"""`shop virtual` as its user sees it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from shop.cli import main
from shop.virtual import arrow, command
from shop.virtual.stream import Slice

UNTIL = "2026-01-31T12:00:00Z"


def written(out: Path, *arguments: str) -> list[Slice]:
    assert main(["virtual", "--until", UNTIL, "--out", str(out), *arguments]) == 0
    return list(arrow.unpack(io.BytesIO(out.read_bytes())))


def test_a_history_ends_where_it_should(tmp_path: Path) -> None:
    slices = written(tmp_path / "out", "--history", "36h")
    assert [one.end for one in slices] == [1_769_860_800.0 - 12 * 3600, 1_769_860_800.0]
    times = slices[0].points.column("time_ns").to_numpy()
    assert times.min() == (1_769_860_800.0 - 36 * 3600 + 60) * 1e9
    assert all(one.spans.num_rows == 0 for one in slices)
    assert '"telemetry.generated":"true"' in str(slices[0].resources.column("attributes")[0].as_py())


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b", "c")):
        written(tmp_path / name, "--history", "2h", "--seed", "1" if number < 2 else "2")
    one, same, other = ((tmp_path / name).read_bytes() for name in ("a", "b", "c"))
    assert one == same
    assert one != other


def test_scenarios_take_place_one_after_the_other(tmp_path: Path) -> None:
    names = ("--scenario", "payment-errors", "--scenario", "deployment")
    slices = written(tmp_path / "out", "--history", "30m", "--spans", *names)
    bad = [
        sum(row["failed"] for row in one.spans.to_pylist() if row["kind"] == 2 and row["route"] == "/payment")
        for one in slices
    ]
    assert max(bad[:10] + bad[16:]) < 10 < min(bad[11:14])
    versions = [set(one.resources.column("version").to_pylist()) for one in slices]
    assert versions[21] == {"1.4.2", "1.5.0"}
    assert versions[0] == versions[-1] == {"1.4.2"}


@pytest.mark.parametrize("form", ["otlp", "openmetrics"])
def test_text_formats(form: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["virtual", "--history", "10m", "--format", form, "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.endswith("}\n" if form == "otlp" else "# EOF\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--history", "2w"], "--history: '2w' is not a length from 1s to 400d; write it like 90m, 36h or 14d"),
        (["--history", "401d"], "--history: '401d' is not a length"),
        (["--history", "1h", "--until", "2026-01-31"], "--until: '2026-01-31' is no time"),
        (["--history", "1h", "--daily", "2"], "--daily: '2' is not a number between 0 and 1"),
        (["--history", "1h", "--scenario", "volcano"], "--scenario: there is no 'volcano'; there are payment-errors"),
        (["--history", "1h", "--spans", "--format", "openmetrics"], "--spans: OpenMetrics has metrics only"),
        (["--history", "1m", "--step", "1h"], "--step is longer than --history"),
        (["--history", "1h", "--out", "{}/no/folder"], "--out: cannot write"),
    ],
)
def test_wrong_use_names_the_option_and_the_fix(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["virtual", *(one.format(tmp_path) for one in arguments)])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    assert said in capsys.readouterr().err


def test_without_what_it_needs_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "NEEDS", ("numpy", "no_such_package"))
    assert main(["virtual", "--history", "1h"]) == 2
    assert capsys.readouterr().err == ("shop: virtual time needs no_such_package; pip install 'aiops-shop[virtual]'\n")


def test_the_live_shop_needs_neither_numpy_nor_pyarrow() -> None:
    code = "import sys, shop.cli; shop.cli._parser(); print({'numpy', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
