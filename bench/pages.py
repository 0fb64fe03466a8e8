"""Documents made from a stored record: written, or only compared with what is there."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent


def publish(description: str | None, module: str, scores: Path, made_of: Callable[[Any], Mapping[Path, str]]) -> None:
    """The command of a module that makes documents: write them, or with `--check` name those that are not what the
    record says, and exit with 1.

    scores: the JSON file of the record. made_of: the text of each file that is made of it.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether page and plot are up to date")
    check = parser.parse_args().check
    made = made_of(json.loads(scores.read_text(encoding="utf-8")))
    if check:
        old = [file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
        for file in old:
            print(f"{file.relative_to(ROOT)} is not what {scores.relative_to(ROOT)} says: python -m {module}")
        sys.exit(1 if old else 0)
    for file, text in made.items():
        file.write_text(text, encoding="utf-8")
