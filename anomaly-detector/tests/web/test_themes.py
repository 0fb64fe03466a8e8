"""The two themes: they differ in colours alone, so that the browser tests look at the second one for colours alone."""

import re
from pathlib import Path

import pytest

import aiops.web

FOLDER = Path(aiops.web.__file__).parent
DARK = re.compile(r"@media \(prefers-color-scheme: dark\)\s*\{\s*:root\s*\{(?P<inside>[^{}]*)\}\s*\}")
COLOUR = re.compile(r"--[\w-]+:\s*#[0-9a-fA-F]{3,8}")
SHEETS = [
    one
    for kind in ("static/*.css", "templates/*.html")
    for one in sorted(FOLDER.glob(kind))
    if "prefers-color-scheme" in one.read_text("utf-8")
]


def test_there_is_a_second_theme() -> None:
    assert FOLDER / "static" / "aiops.css" in SHEETS


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_the_second_theme_only_gives_other_colours(sheet: Path) -> None:
    text = sheet.read_text("utf-8")
    blocks = DARK.findall(text)
    assert len(blocks) == text.count("prefers-color-scheme")
    for one in blocks:
        for declaration in filter(None, map(str.strip, one.split(";"))):
            assert COLOUR.fullmatch(declaration), declaration
