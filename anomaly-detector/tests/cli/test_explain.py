"""`aiops explain` says what is wrong with some requests of a file, and why."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiops.cli.main import main

START = 1_700_000_000_000_000
COLUMNS = "trace=T,span=S,parent=P,service=Pod,name=Name,start=At,duration=Took:us"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


def rows(count: int, at: int, pay: int = 2_000, calls: Sequence[str] = ("stock", "pay")) -> list[str]:
    """So many requests from a second on, one a second: `web` calls others, which take 1 ms, pay another time (µs)."""
    out = []
    for number in range(count):
        trace, begin = f"t{at + number}", START + (at + number) * 1_000_000
        # No two requests take equally long.
        took = {"stock": 1_000 + number % 7 * 40, "pay": pay + number % 11 * 40}
        begun = begin + 100
        lines = []
        for place, name in enumerate(calls):
            lines.append(f"{trace},c{place},w,web,GET {name},{begun},{took[name] + 200}")
            lines.append(f"{trace},s{place},c{place},{name},GET /{name},{begun + 100},{took[name]}")
            begun += took[name] + 300
        out += [f"{trace},w,,web,GET /,{begin},{begun - begin + 500}", *lines]
    return out


def file_of(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(["T,S,P,Pod,Name,At,Took", *lines]) + "\n")
    return path


def test_what_takes_longer_is_named_with_its_numbers(tmp_path: Path) -> None:
    file = file_of(tmp_path / "spans.csv", rows(100, 0) + rows(50, 100, pay=80_000))
    said = run(file, "--columns", COLUMNS, "--since", "2023-11-14T22:15:00Z")
    assert said.exit_code == 0, said.output
    assert "good: 100 requests, before 2023-11-14T22:15:00Z" in said.stdout
    assert "bad:  50 requests" in said.stdout
    assert "1. Latency spike in pay GET /pay" in said.stdout
    assert "a visit takes 80 ms (median), usually 2.2 ms" in said.stdout
    tree = said.stdout[said.stdout.index("tree ") :].splitlines()
    assert [line.split() for line in tree[1:4]] == [
        ["0%", "0%", "0.8", "ms", "0.8", "ms", "*", "web", "GET", "/"],
        ["0%", "0%", "0.2", "ms", "0.2", "ms", "*", "web", "→", "pay", "GET", "pay"],
        ["100%", "0%", "80", "ms", "2.2", "ms", "*", "pay", "GET", "/pay"],
    ]
    assert tree[4].split() == ["and", "2", "more", "places"]
    assert tree[5].startswith("look at   t110 (83 ms), beside t")


def test_programs_get_all_of_it(tmp_path: Path) -> None:
    good, bad = file_of(tmp_path / "good.csv", rows(100, 0)), file_of(tmp_path / "bad.csv", rows(40, 200, pay=80_000))
    said = run(bad, "--good", good, "--columns", COLUMNS, "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert (found["good"]["requests"], found["bad"]["requests"]) == (100, 40)
    assert found["services"][0] == "pay"
    first = found["candidates"][0]
    assert (first["service"], first["kind"], first["named"]) == ("pay", "latency", True)
    assert len(first["traces"]) == 20
    assert first["slower"]["median_seconds_a_visit"] == {
        "good": pytest.approx(0.0022, abs=1e-4),
        "bad": pytest.approx(0.08018),
    }
    anatomy = found["anatomy"]
    assert (anatomy["good"]["requests"], anatomy["bad"]["requests"]) == (100, 40)
    largest = max(anatomy["nodes"], key=lambda one: one["share_of_excess"])
    assert (largest["service"], largest["critical"]) == ("pay", True)
    assert sum(one["bad"]["time_ms"] for one in anatomy["nodes"]) == pytest.approx(anatomy["bad"]["mean_ms"], abs=0.01)
    assert [one["trace_id"] for one in anatomy["exemplars"]["bad"]] == first["traces"][:3]


def test_a_call_that_is_left_out_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path / "spans.csv", rows(100, 0) + rows(50, 100, calls=["pay"]))
    said = run(file, "--columns", COLUMNS, "--since", "2023-11-14T22:15:00Z")
    assert said.exit_code == 0, said.output
    assert "missing calls: stock GET stock" in said.stdout
    assert "missing   web → stock GET stock: in 0 of 50 requests, 0 a visit (good: in 100 of 100" in said.stdout


def test_where_nothing_is_wrong_no_cause_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path / "spans.csv", rows(150, 0))
    said = run(file, "--columns", COLUMNS, "--since", "2023-11-14T22:15:00Z")
    assert said.exit_code == 1
    assert "no cause found" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param([], "say which requests are bad", id="neither-since-nor-good"),
        pytest.param(["--since", "yesterday"], "--since", id="no-time"),
        pytest.param(["--since", "2031-01-01T00:00:00Z"], "there is no request", id="since-the-future"),
        pytest.param(["--since", "10s", "--service", "shop"], "there are: pay, stock, web", id="no-such-service"),
        pytest.param(
            ["--since", "10s", "--columns", "service=PodName"], "column 'PodName' is not", id="no-such-column"
        ),
    ],
)
def test_wrong_use_is_explained(tmp_path: Path, arguments: list[str], text: str) -> None:
    file = file_of(tmp_path / "spans.csv", rows(20, 0))
    said = run(file, *(["--columns", COLUMNS] if "--columns" not in arguments else []), *arguments)
    assert said.exit_code == 2
    assert text in said.output.replace("\n", " ")


def test_what_is_left_out_of_a_file_is_told(tmp_path: Path) -> None:
    lines = rows(20, 0)
    file = file_of(tmp_path / "spans.csv", [*lines, lines[1]])
    said = run(file, "--columns", COLUMNS, "--since", "10s")
    assert said.exit_code == 1
    assert f"{file}: 1 times: a span that comes twice counts once" in said.stderr


class Page(HTMLParser):
    """What is on a page: its elements with their attributes, in order, and the text between them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *tags: str) -> list[tuple[str, dict[str, str]]]:
        return [one for one in self.elements if one[0] in tags]


def page_of(folder: Path, lines: Sequence[str], since: str = "2023-11-14T22:15:00Z") -> Page:
    page = folder / "page.html"
    said = run(file_of(folder / "spans.csv", lines), "--columns", COLUMNS, "--since", since, "--html", page)
    assert "Traceback" not in said.output, said.output
    return Page(page)


def test_one_page_shows_all_of_it(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(100, 0) + rows(50, 100, pay=80_000, calls=["pay"]))
    for text in ("Latency spike in pay GET /pay", "web → pay GET pay", "80 ms", "100 of 100", "before 2023-11-14"):
        assert text in page.text
    marks = [one for _, one in page.elements if one.get("aria-label") == "on the critical path"]
    assert len(marks) == 3
    bars = [float(one["width"]) for _, one in page.of("rect")]
    assert max(bars) > 90
    assert sum(bars) == pytest.approx(100, abs=1)
    rows_of = page.source.split('class="place">')[1:]
    assert [row.split("<span>")[0].count("<i>") for row in rows_of[:3]] == [0, 1, 2]


def test_the_page_brings_all_it_needs_and_runs_nothing(tmp_path: Path) -> None:
    lines = [one.replace("GET /pay", "<script>alert(1)</script><img src=x>") for one in rows(100, 0)]
    lines += [one.replace("GET /pay", "<script>alert(1)</script><img src=x>") for one in rows(50, 100, pay=80_000)]
    page = page_of(tmp_path, lines)
    assert "<script>alert(1)</script>" in page.text
    assert not page.of("script", "img", "iframe", "object", "form")
    assert not [one for _, one in page.elements if any(key.startswith("on") or key == "src" for key in one)]
    assert [one["href"] for _, one in page.elements if "href" in one] == ["data:,"]
    assert "url(" not in page.source
    assert any("default-src 'none'" in one.get("content", "") for _, one in page.of("meta"))


def test_the_page_can_be_read_by_everyone(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(100, 0) + rows(50, 100, pay=80_000, calls=["pay"]))
    assert page.of("html")[0][1]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.of("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in ("row", "col") for _, one in page.of("th"))
    assert all(one.get("aria-label") for _, one in page.elements if one.get("role") == "img")
    styles = re.findall(r"--([\w-]+): (#\w+);", page.source)
    half = len(styles) // 2
    assert [name for name, _ in styles[:half]] == [name for name, _ in styles[half:]]
    for colours in (dict(styles[:half]), dict(styles[half:])):
        for ink in ("ink", "quiet", "bad"):
            assert contrast(colours[ink], colours["paper"]) >= 4.5
            assert contrast(colours[ink], colours["ground"]) >= 4.5
        assert contrast(colours["bad"], colours["bad-soft"]) >= 4.5
        assert contrast(colours["warn"], colours["warn-soft"]) >= 4.5
        assert contrast(colours["bar"], colours["soft"]) >= 3


def contrast(one: str, other: str) -> float:
    """The ratio of two colours by WCAG 2.2."""

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_page_says_where_nothing_is_wrong(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(150, 0))
    assert "No cause found" in page.text
    assert "may be chance" in page.text


def test_a_page_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    said = run(file_of(tmp_path / "spans.csv", rows(20, 0)), "--columns", COLUMNS, "--since", "10s", "--html", page)
    assert said.exit_code == 1
    assert f"{page} exists already, and is not overwritten" in said.stderr
    assert page.read_text() == "mine"
    said = run(tmp_path / "spans.csv", "--columns", COLUMNS, "--since", "10s", "--html", tmp_path / "no" / "page.html")
    assert said.exit_code == 1
    assert "cannot write" in said.stderr


BROWSER = next(
    (found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), ""
)


def complaints(page: Path, profile: Path, width: int) -> list[str]:
    """What a browser without a window writes to its console while it shows a page."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    command += ["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"]
    command += [f"--user-data-dir={profile}", f"--window-size={width},1000", "--virtual-time-budget=2000"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Where the time goes" in done.stdout
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(not BROWSER, reason="no browser is on the PATH")
def test_a_browser_has_nothing_to_complain_of(tmp_path: Path) -> None:
    source = page_of(tmp_path, rows(100, 0) + rows(50, 100, pay=80_000, calls=["pay"])).source
    for width in (390, 1440):
        assert not complaints(tmp_path / "page.html", tmp_path / "profile", width)
    wrong = tmp_path / "wrong.html"
    wrong.write_text(source.replace("</main>", "<script>alert(1)</script></main>"))
    [said] = complaints(wrong, tmp_path / "profile", 1440)
    assert "Content Security Policy" in said
