"""`aiops backtest` as a user calls it: on a file, on what an engine left, its page, and what wrong use is told."""

import json
import math
import os
import random
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from engine.world import STEP, T0, World

from aiops.cli.backtest import replaying
from aiops.cli.main import main
from aiops.model import iso

START = 1_700_000_000 - 1_700_000_000 % 86_400
MINUTES5 = 300


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said of progress, however slow the machine is."""
    monkeypatch.setattr("aiops.cli.terminal.progress.PAUSE_SECONDS", math.inf)


def run(*arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["backtest", *map(str, arguments)], input=text)


def rows(days: float = 3, spike: int = 600, seed: int = 1) -> list[tuple[int, float]]:
    values = 100 + 5 * np.random.default_rng(seed).standard_normal(int(days * 288))
    values[spike : spike + 3] = 300
    return [(START + MINUTES5 * at, round(float(value), 3)) for at, value in enumerate(values)]


def csv(of: list[tuple[int, float]], header: str = "timestamp,value") -> str:
    return "\n".join([header, *(f"{at},{value}" for at, value in of)]) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three days of a value, five minutes apart, with one spike."""
    path = tmp_path / "cpu.csv"
    path.write_text(csv(rows()))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an engine has left of ten minutes in which payments failed for one."""
    folder = tmp_path_factory.mktemp("left")
    world = World(folder, telemetry="telemetry.duckdb")
    for number in range(200):
        world.failing = 0.7 if 100 <= number < 120 else 0.0
        world.live(1, judge=False)
    world.close()
    return folder


class Page(HTMLParser):
    """Whether a page is whole, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [value or "" for key, value in attrs if key in ("src", "srcset", "data", "xlink:href")]
        self.fetched += [tag] * (tag in ("script", "link", "img", "iframe"))
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_one_look_says_it_all(file: Path) -> None:
    done = run(file, "--unit", "ms")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    head, _, titles, one, kind, alarm = done.stdout.splitlines()
    assert head == f"from 2023-11-14 00:00:00 UTC to 2023-11-16 23:55:00 UTC (2 d 23 h), in {file}"
    assert titles.split() == ["series", "points", "days", "alarms", "a", "series", "and", "day"]
    assert one.split() == ["value", "864", "3.0", "1", "0.33"]
    assert kind == "    a gauge by its behaviour: its values are judged"
    assert re.match(r"    2023-11-16 02:00:00 UTC +to 2023-11-16 02:[1-3]\d:00 UTC +\d\d min  score \d", alarm)
    assert "300\N{NO-BREAK SPACE}ms, expected " in alarm


def test_a_program_reads_the_same(file: Path) -> None:
    found = json.loads(run(file, "--json").stdout)
    assert found["totals"] == {
        "series": 1,
        "points": 864,
        "series_days": 3.0,
        "alarms": 1,
        "alarms_per_series_day": pytest.approx(1 / 3),
    }
    [series] = found["series"]
    [alarm] = series["alarms"]
    assert (alarm["start"], alarm["onset"]) == ("2023-11-16T02:00:00Z", "2023-11-16T02:00:00Z")
    assert "2023-11-16T02:15:00Z" <= alarm["end"] < alarm["over"]
    assert 900 <= alarm["seconds"] < 2400
    assert alarm["peak"]["observed"] == 300
    assert alarm["peak"]["lower"] < alarm["peak"]["expected"] < alarm["peak"]["upper"]
    assert [one["state"] for one in series["states"]] == ["incident"]
    assert (series["kind"], series["kind_by"]) == ("gauge", "behaviour")
    assert (found["problems"], found["notes"], found["scores"], series["scores"]) == ([], [], None, None)


def test_stdin_is_a_file_too(file: Path) -> None:
    piped, read = json.loads(run("-", "--json", text=file.read_text()).stdout), json.loads(run(file, "--json").stdout)
    assert (piped["source"], read["source"]) == ("stdin", str(file))
    assert piped["series"] == read["series"]


def test_several_series_are_told_by_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    lines = [f"{at},{value},{host}" for host, seed in (("a", 1), ("b", 2)) for at, value in rows(spike=600, seed=seed)]
    quiet = [f"{at},7,c" for at, _ in rows()]
    path.write_text("\n".join(["timestamp,value,host", *lines, *quiet]) + "\n")
    done = run(path)
    assert done.exit_code == 0
    for said in ("host=a", "host=b", "2 of 3 series told anything"):
        assert said in done.stdout
    assert "host=c" not in done.stdout


def test_wrong_lines_are_named_and_the_rest_is_judged(file: Path) -> None:
    good = run(file, "--json")
    lines = file.read_text().splitlines()
    lines.insert(500, "soon,1")
    lines.insert(300, lines[200])
    file.write_text("\n".join(lines) + "\n")
    done = run(file, "--json")
    assert done.exit_code == 1
    assert f"{file}:301: timestamp: {lines[200].partition(',')[0]} goes back behind" in done.stderr
    assert f"{file}:502: timestamp: 'soon' is no time" in done.stderr
    assert json.loads(done.stdout)["series"] == json.loads(good.stdout)["series"]
    assert len(json.loads(done.stdout)["problems"]) == 2


def test_many_wrong_lines_are_counted(file: Path) -> None:
    file.write_text(file.read_text() + "soon,1\n" * 1500)
    done = run(file)
    assert done.stderr.count("is no time") == 10
    assert "and 1,490 more; they are left out" in done.stderr


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 2, "there is nothing in it; a file begins with a line that names its columns, such as `timestamp,value`"),
        ("time,value\n1,2\n", 2, "no column `timestamp` in `time,value`; is it the one called 'time'?"),
        ("timestamp,value\n", 1, "holds no point to judge"),
        ("timestamp,value\n1,\n2,NaN\n", 1, "holds no point to judge"),
        ("timestamp,value\nx,1\n", 1, ":2: timestamp: 'x' is no time"),
    ],
)
def test_a_file_that_holds_nothing_is_said(tmp_path: Path, text: str, code: int, said: str) -> None:
    path = tmp_path / "some.csv"
    path.write_text(text)
    done = run(path)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    path.write_bytes(b"PAR1\xff\xfe\x00")
    done = run(path)
    assert (done.exit_code, "is no text in UTF-8" in done.stderr) == (2, True)


def test_too_few_points_are_no_success_in_disguise(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text(csv(rows()[:5]))
    done = run(path)
    assert done.exit_code == 0
    assert "1 of 1 series have too few points for any to be judged" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to go through: a FILE.csv, --data-dir or --prometheus-url"),
        (("{file}", "--service", "payment"), "--service is for stored history, and {file} is a file"),
        (("{file}", "--since", "1h"), "--since is for stored history"),
        (("{file}", "--data-dir", "{folder}"), "--data-dir is for stored history"),
        (("{folder}/none.csv",), "cannot read {folder}/none.csv: No such file or directory"),
        (("{folder}",), "cannot read {folder}: Is a directory"),
        (("--data-dir", "{folder}", "--prometheus-url", "http://127.0.0.1:9"), "one of them"),
        (("--data-dir", "{folder}", "--unit", "ms"), "--unit is for the values of a FILE"),
        (("--data-dir", "{folder}", "--kind", "counter"), "--kind is for a FILE"),
        (("--data-dir", "{folder}", "--labels", "none"), "--labels is for a FILE"),
        (("{file}", "--labels", "fault"), "no column `fault` that could label anomalies; no column could"),
        (("--data-dir", "{folder}", "--shapes", "all"), "--shapes is for a FILE"),
        (
            ("{file}", "--shapes", "host=a"),
            "--shapes host=a: {file} has no such series; write a label like host=a, or all",
        ),
        (("--data-dir", "{folder}", "--step", "soon"), "--step is 'soon', but must be a whole number and one of"),
        (("--data-dir", "{folder}", "--step", "1d"), "--step is 1d, but must be an hour at most, such as 15s"),
        (("--data-dir", "{folder}", "--since", "soon"), "--since is no length such as 36h or 7d"),
        (("--data-dir", "{folder}/none"), "is it the data directory of an engine?"),
        (("--prometheus-url", "http://127.0.0.1:9"), "Prometheus at http://127.0.0.1:9 cannot be reached"),
    ],
)
def test_wrong_use_is_one_clear_sentence(file: Path, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(*(one.format(file=file, folder=folder) for one in arguments))
    assert done.exit_code == 2, done.output
    assert said.format(file=file, folder=folder) in done.stderr
    assert done.stdout == ""


def test_a_page_needs_nothing_but_itself(file: Path, tmp_path: Path) -> None:
    done = run(file, "--html", tmp_path / "cpu.html", "--unit", "<ms>")
    assert done.exit_code == 0
    text = (tmp_path / "cpu.html").read_text()
    page = Page(text)
    assert page.fetched == []
    assert "url(" not in text
    assert "@import" not in text
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    for said in ("prefers-color-scheme: dark", "2023-11-16 02:00:00", "time in UTC", "Nov 15", "&lt;ms&gt;", "1 alarm"):
        assert said in text
    assert not re.search(r"\b(nan|inf)\b", text.partition("</style>")[2])


def test_a_page_stays_small_however_long_the_series(tmp_path: Path) -> None:
    sizes = []
    for days in (10, 30):
        path = tmp_path / f"{days}.csv"
        path.write_text(csv(rows(days=days, spike=1000)))
        assert run(path, "--html", tmp_path / "page.html").exit_code == 0
        sizes.append((tmp_path / "page.html").stat().st_size)
    assert sizes[1] < 1.5 * sizes[0] < 120_000


HOSTILE = {
    "one point": [(START, 5.0)],
    "all zero": [(START + at, 0.0) for at in range(0, 9000, 60)],
    "tiny": [(START + at, 1e-300 * (at % 7)) for at in range(0, 9000, 60)],
    "large": [(START + at, (-1) ** at * 1e99) for at in range(150)],
    "far from zero": [(START + at, 1e12 + 0.001 * (at % 7)) for at in range(0, 9000, 60)],
    "thousands of years": [*((START + at, at % 7) for at in range(100)), (253402300799, 5)],
    "milliseconds": [(START + at / 1000, at % 7) for at in range(300)],
}


@pytest.mark.parametrize("points", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_series_has_a_picture(points: list[tuple[float, float]], tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("timestamp,value\n" + "".join(f"{at!r},{value!r}\n" for at, value in points))
    assert run(path, "--html", tmp_path / "page.html").exit_code == 0
    body = (tmp_path / "page.html").read_text().partition("</style>")[2]
    assert not re.search(r"\b(nan|inf)\b", body)
    labels = re.findall(r'<text x="100%" [^>]*>([^<]*)<', body)
    assert 2 <= len(labels) == len(set(labels)) <= 8
    assert len(re.findall(r'<text x="[^"]*%" y="15"', body)) <= 12
    assert len(body) < 120_000


def test_a_page_that_cannot_be_written_is_said(file: Path, tmp_path: Path) -> None:
    done = run(file, "--html", tmp_path / "no" / "page.html")
    assert done.exit_code == 1
    assert "cannot write" in done.stderr


def history(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run("--data-dir", folder, "--step", f"{STEP:.0f}s", "--since", "30m", "--json", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_stored_history_is_judged_as_the_engine_would(folder: Path) -> None:
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    found = history(folder)
    failed = {one["labels"].get("service"): one for one in found["series"] if one["family"] == "errors"}
    [alarm] = failed["payment"]["alarms"]
    assert iso(T0 + 100 * STEP) < alarm["onset"] <= alarm["start"] < iso(T0 + 110 * STEP)
    assert iso(T0 + 120 * STEP) <= alarm["end"] <= alarm["over"] < iso(T0 + 140 * STEP)
    assert (found["scores"], failed["payment"]["kind"]) == (None, None)
    assert (alarm["peak"]["observed"] > 0.5, alarm["peak"]["upper"] < 0.5) == (True, True)
    states = [one["state"] for one in failed["payment"]["states"]]
    assert states[0] == "suspect"
    assert "incident" in states
    assert {one["family"] for one in found["series"]} == {"errors", "latency", "traffic", "silence"}
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before, "to look changes nothing"


def test_a_choice_shows_less_of_the_same(folder: Path) -> None:
    whole = history(folder)["series"]
    chosen = history(folder, "--service", "payment", "--endpoint", "/pay")["series"]
    assert chosen == [one for one in whole if one["labels"].get("service") == "payment" and one["family"] != "silence"]
    assert len(chosen) == 3


def test_a_terminal_tells_families_apart_and_a_page_shows_states(folder: Path, tmp_path: Path) -> None:
    done = run("--data-dir", folder, "--step", "3s", "--since", "30m", "--html", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    assert "payment POST /pay: too many errors" in done.stdout
    assert ", wrong since 2023-11-14 " in done.stdout
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert page.fetched == []
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    for said in (
        '<rect class="suspect"',
        '<rect class="incident"',
        "share of requests that failed",
        "series without",
        "All alarms",
    ):
        assert said in text


def test_nothing_to_judge_is_no_success(folder: Path) -> None:
    done = run("--data-dir", folder, "--until", iso(T0 - 86_400))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "has nothing to judge in that time" in done.stderr
    done = run("--data-dir", folder, "--service", "nobody", "--step", "3s", "--since", "30m")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "has nothing of nobody in that time; services that are there: gateway, payment" in done.stderr


def total(points: int, resets: tuple[int, ...]) -> list[tuple[int, float]]:
    """A counter: 20 to 40 a step, and 0 at resets."""
    chosen, count, out = random.Random(1), 0, []
    for at in range(points):
        count = 0 if at in resets else count + chosen.randint(20, 40)
        out.append((START + MINUTES5 * at, float(count)))
    return out


def test_a_counter_that_begins_anew_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(csv(total(14 * 288, (900, 1500, 2600, 3300))))
    done = run(path, "--unit", "jobs", "--html", tmp_path / "page.html")
    said = "a counter by its behaviour, 4 resets: its increase per second is judged; if it is none, give --kind gauge"
    assert f"    {said}" in done.stdout.splitlines()
    text = (tmp_path / "page.html").read_text()
    assert said in text
    assert '<div class="unit">increase per second, jobs</div>' in text
    [series] = json.loads(run(path, "--json").stdout)["series"]
    assert (series["kind"], series["kind_by"], series["points"]) == ("counter", "behaviour", 4032)
    assert [one for one in series["alarms"] if one["seconds"] > 600] == []


def test_a_counter_that_stops_is_told_by_its_rate(tmp_path: Path) -> None:
    points = total(700, ())
    path = tmp_path / "jobs.csv"
    stopped = [(at, min(value, points[600][1])) for at, value in points]
    path.write_text(csv([(at, f"{value:.0f},jobs_total") for at, value in stopped], "timestamp,value,__name__"))  # type: ignore[misc]
    done = run(path, "--unit", "jobs")
    assert "    a counter by its name, 0 resets: its increase per second is judged; if it is none" in done.stdout
    assert re.search(
        r"2023-11-16 02:\d5:00 UTC +still on .* 0\N{NO-BREAK SPACE}jobs/s, expected 0\.\d+\N{NO-BREAK SPACE}jobs/s",
        done.stdout,
    )


def test_what_kind_it_is_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_text(csv(total(100, ())))
    doubted = "a gauge by its behaviour: its values are judged; it never fell, so if it is a counter, give --kind"
    assert doubted in run(path).stdout
    given = json.loads(run(path, "--json", "--kind", "counter").stdout)["series"][0]
    assert (given["kind"], given["kind_by"]) == ("counter", "option")
    assert "a gauge as --kind says: its values are judged" in run(path, "--kind", "gauge").stdout


def test_kinds_of_many_series_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    lines = [f"{at},{value},{name}" for name in ("a_total", "b_total", "c") for at, value in total(30, ())]
    path.write_text("\n".join(["timestamp,value,metric", *lines]) + "\n")
    assert "    2 counters by their names, 1 gauge by its behaviour" in run(path).stdout.splitlines()


NOTE = "column `label` holds 0 and 1: taken as labels of anomalies; give --labels none to take it as a label of series"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two hosts: one with a spike that is labelled, one with a spike that is not, and another stretch that is."""
    path = tmp_path / "labelled.csv"
    lines = [f"{at},{value},a,{int(600 <= place < 603)}" for place, (at, value) in enumerate(rows(seed=1))]
    lines += [f"{at},{value},b,{'1' * (300 <= place < 310)}" for place, (at, value) in enumerate(rows(seed=2))]
    path.write_text("\n".join(["timestamp,value,host,label", *lines]) + "\n")
    return path


def test_labels_of_anomalies_are_recognised_and_scored(labelled: Path, tmp_path: Path) -> None:
    done = run(labelled, "--html", tmp_path / "page.html")
    assert done.exit_code == 0
    text = (tmp_path / "page.html").read_text()
    for said in (
        NOTE,
        "1 of 1 labelled event found; F1 1.00, precision 1.00, recall 1.00; 0 false alerts, 0 a day",
        "0 of 1 labelled event found; F1 0.00, precision 0.00, recall 0.00; 1 false alert, 0.33 a day",
        "1 of 2 labelled events found; F1 0.50, precision 0.50, recall 0.50; 1 false alert, 0.17 a day",
        "a day; median delay 0 points",
    ):
        assert said in done.stdout
        assert said in text
    found = json.loads(run(labelled, "--json").stdout)
    assert found["notes"] == [NOTE]
    assert {one["labels"]["host"]: one["scores"]["found"] for one in found["series"]} == {"a": 1, "b": 0}
    assert (found["scores"]["f1"], found["scores"]["delay"], found["scores"]["events"]) == (0.5, 0, 2)


def test_what_is_labelled_is_drawn(labelled: Path, tmp_path: Path) -> None:
    run(labelled, "--html", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    Page(text)
    assert '<i class="labelled"></i>labelled as an anomaly' in text
    assert "<title>labelled as an anomaly, 2023-11-16 02:00:00 UTC to 2023-11-16 02:15:00 UTC</title>" in text
    assert "host=a, observed and expected; 1 labelled stretch" in text
    [drawn] = re.findall(r'<title>labelled as an anomaly, 2023-11-15 01:00.*?<rect class="labelled" ([^>]*)/>', text)
    assert drawn == 'x="278.1" width="9.3" y="0" height="100"', "of 800 columns, from point 300 to 310 of 863"
    run(labelled, "--labels", "none", "--html", tmp_path / "page.html")
    assert "labelled as an anomaly" not in (tmp_path / "page.html").read_text()
    [_, one] = sorted(json.loads(run(labelled, "--json").stdout)["series"], key=lambda one: one["labels"]["host"])
    assert one["labelled"] == [{"start": "2023-11-15T01:00:00Z", "end": "2023-11-15T01:50:00Z"}]


def test_a_boundary_that_is_too_wide_is_named(tmp_path: Path) -> None:
    rng, hours = np.random.default_rng(4), 24 * 40
    spikes = np.where((rng.random(hours) < 0.1) & (np.arange(hours) < 24 * 14), 200 * rng.random(hours), 0.0)
    values = 10 + rng.standard_normal(hours) + spikes
    path = tmp_path / "queue.csv"
    path.write_text(csv([(START + 3600 * at, round(float(value), 3)) for at, value in enumerate(values)]))
    page = tmp_path / "page.html"
    done = run(path, "--unit", "jobs", "--html", page)
    said = re.search(
        r"    (since (\S+) (\S+) UTC no rise smaller than [\d.,]+\sjobs would be told; values went from .* to .*)",
        done.stdout,
    )
    assert said, done.stdout
    assert f'<p class="blind">{said[1]}</p>' in page.read_text()
    [series] = json.loads(run(path, "--json").stdout)["series"]
    rise = [one for one in series["too_wide"] if one["change"] == "rise"][-1]
    assert (rise["start"], rise["end"], rise["not_even_to"]) == (f"{said[2]}T{said[3]}Z", None, None)
    least, (low, high) = rise["smallest_told"], rise["range"]
    assert least > high - low
    quiet = [alarm for alarm in series["alarms"] if alarm["start"] >= rise["start"]]
    assert quiet == []
    for size, told in ((0.9 * least, 0), (9 * least, 1)):
        values[-1] = 10 + size
        path.write_text(csv([(START + 3600 * at, round(float(value), 3)) for at, value in enumerate(values)]))
        [series] = json.loads(run(path, "--json").stdout)["series"]
        assert sum(alarm["start"] >= rise["start"] for alarm in series["alarms"]) == told


def test_a_line_that_got_flat_is_found_where_shapes_are_looked_at(tmp_path: Path) -> None:
    path, lines = tmp_path / "noisy.csv", []
    for name, seed in (("a", 1), ("b", 2)):
        values = 100 + 5 * np.random.default_rng(seed).standard_normal(28 * 288)
        values[20 * 288 : 20 * 288 + 48] = values[20 * 288]
        lines += [
            f"{START + MINUTES5 * at},{value:.3f},{name},{int(20 * 288 <= at < 20 * 288 + 48)}"
            for at, value in enumerate(values)
        ]
    path.write_text("\n".join(["timestamp,value,host,label", *lines]) + "\n")
    usual = json.loads(run(path, "--json").stdout)
    looked = json.loads(run(path, "--json", "--shapes", "host=a").stdout)
    assert [one for one in looked["series"] if "shape" not in one["labels"]] == usual["series"]
    assert looked["scores"] == usual["scores"], "each event counts once"
    [moves] = [one for one in looked["series"] if "shape" in one["labels"]]
    assert moves["labels"] == {"host": "a", "shape": "movement"}
    assert (moves["scores"]["events"], moves["scores"]["found"], usual["scores"]["found"]) == (1, 1, 0)
    assert moves["labelled"] == [{"start": "2023-12-04T00:00:00Z", "end": "2023-12-04T04:00:00Z"}]
    during = [one for one in moves["alarms"] if "2023-12-04T00:00:00Z" <= one["start"] <= "2023-12-04T04:00:00Z"]
    assert [one["peak"]["observed"] < one["peak"]["lower"] for one in during] == [True]
    assert not any(
        "2023-12-04T00" <= one["start"] <= "2023-12-04T05" for each in usual["series"] for one in each["alarms"]
    )
    done = run(path, "--shapes", "all", "--html", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    for said in ("host=b, shape=movement", "how it moves: the mean size of its steps within two hours is judged"):
        assert said in done.stdout
        assert said in text
    assert '<div class="unit">mean step</div>' in text
    path.write_text(path.read_text().replace("host", "shape"))
    assert "--shapes adds a label `shape`" in run(path, "--shapes", "all").stderr


def test_labels_are_those_of_series_if_it_is_wished(labelled: Path) -> None:
    found = json.loads(run(labelled, "--json", "--labels", "none").stdout)
    assert (found["notes"], found["scores"], found["totals"]["series"]) == ([], None, 4)
    labelled.write_text(labelled.read_text().replace("label", "fault"))
    chosen = json.loads(run(labelled, "--json", "--labels", "fault").stdout)
    assert (chosen["notes"], chosen["totals"]["series"]) == ([NOTE.partition(";")[0].replace("label`", "fault`")], 2)


def test_progress_is_said_where_there_is_no_terminal(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops.cli.terminal.progress.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("aiops.backtest.values.find_spec", lambda _: None)  # compiled, it is done at once
    told = run(file).stderr.splitlines()
    assert (told[0], told[-1]) == ("judging: 1 of 864 points", "judging: 863 of 864 points")
    told = run("--data-dir", folder, "--step", "3s", "--since", "30m").stderr.splitlines()
    assert re.fullmatch(r"judging history: 1 of [\d,]+ steps", told[0])


def test_help_teaches_with_examples() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for said in ("aiops backtest cpu.csv", "--prometheus-url http://127.0.0.1:9090", "UTC where it says no zone"):
        assert said in " ".join(done.stdout.split())


def test_an_interrupt_ends_it_without_a_trace(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "aiops", "backtest", "-", "--html", str(page)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell has its background jobs ignore it
    ) as running:
        assert running.stdin is not None
        running.stdin.write(csv(rows(days=60)).encode())  # more than a pipe holds: when it is written, it is being read
        running.stdin.flush()
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.split()) == (1, b"", [b"Aborted!"])
    assert not list(tmp_path.iterdir())


def test_fitted_gains_change_what_is_expected_of_their_series_only(tmp_path: Path) -> None:
    times = [1_763_337_600 + 900 * at for at in range(400)]
    rows = [
        f"{at},{100 + 30 * ((at // 900) % 96 > 48) + place % 7},{name}"
        for place, at in enumerate(times)
        for name in "ab"
    ]
    path = tmp_path / "two.csv"
    path.write_text("timestamp,value,host\n" + "\n".join(rows) + "\n")
    gains = {"alpha": 0.9, "beta": 0.1, "gamma": 0.5, "phi": 0.9}
    fits = [
        {"labels": {"host": "a"}, "kept": True, "gains": gains},
        {"labels": {"host": "b"}, "kept": False, "gains": gains},
    ]
    fitted = tmp_path / "fitted.json"
    fitted.write_text(json.dumps({"version": 1, "fits": fits}))
    assert replaying.fitted(fitted) == {(("host", "a"),): (0.9, 0.1, 0.5, 0.9)}
    usual, _ = replaying.of_file(replaying.File(name=str(path)), None)
    other, _ = replaying.of_file(replaying.File(name=str(path), gains=replaying.fitted(fitted)), None)
    pairs = zip(usual.series, other.series, strict=True)
    same = [repr(one.trace.columns) == repr(two.trace.columns) for one, two in pairs]
    assert same == [False, True]


def test_what_is_no_file_of_gains_is_said(tmp_path: Path) -> None:
    path, fitted = tmp_path / "one.csv", tmp_path / "fitted.json"
    path.write_text("timestamp,value\n1,2\n2,3\n")
    fitted.write_text("[]")
    done = run(path, "--fitted", fitted)
    assert done.exit_code == 2
    assert "is not what `aiops fit -o` writes" in done.output
