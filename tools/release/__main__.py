"""`python -m tools.release check TAG` refuses a tag that does not fit; `notes TAG` prints its notes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.release.notes import section
from tools.release.versions import disagreements, version_of

ROOT = Path(__file__).parents[2]


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Return 0, or 1 with a sentence for each thing that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("what", choices=("check", "notes"))
    parser.add_argument("tag", help="such as v0.2.0")
    arguments = parser.parse_args(argv)
    try:
        version = version_of(arguments.tag)
        notes = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    except ValueError as error:
        return _refuse([str(error)])
    if arguments.what == "notes":
        sys.stdout.write(notes)
        return 0
    if wrong := list(disagreements(version, root)):
        return _refuse(wrong)
    sys.stdout.write(f"version={version}\n")
    return 0


def _refuse(sentences: Sequence[str]) -> int:
    for one in sentences:
        sys.stderr.write(f"release: {one}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
