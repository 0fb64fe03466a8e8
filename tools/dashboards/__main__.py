"""`python -m tools.dashboards`: write the dashboards, or with `--check` say whether they are up to date."""

import argparse
import sys
from collections.abc import Sequence

from tools.dashboards.everything import ROOT, files, left_over


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 where a file is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when a file is not up to date")
    check = parser.parse_args(argv).check
    stale = 0
    for path, text in files().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if not check:
            path.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{'not up to date' if check else 'written'}: {path.relative_to(ROOT)}\n")
    for path in left_over():
        stale += 1
        if not check:
            path.unlink()
        sys.stderr.write(f"{'of no dashboard' if check else 'removed'}: {path.relative_to(ROOT)}\n")
    if check and stale:
        sys.stderr.write("run `make dashboards`\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
