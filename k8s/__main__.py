"""`python -m k8s`: make what is made of other files, or deploy the chart."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from k8s.cli import add_deploy, deploy
from k8s.files import FILES, ROOT, copies, stale
from k8s.rendering import BASE, rendered
from tools.native.build import ensure
from tools.native.command import UsageError, runner
from tools.native.go import NoGo
from tools.native.kits import CLUSTER
from tools.native.progress import BuildFailed


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0; 1 if something differs, cannot be made or does not work; 2 for wrong use."""
    parser = argparse.ArgumentParser(prog="python -m k8s", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    for what, about in (("files", "write the chart's copies"), ("render", "write what is rendered of the chart")):
        made = commands.add_parser(what, help=about, description=about.capitalize() + ".")
        made.add_argument("--check", action="store_true", help="write nothing; 1 if something differs")
    add_deploy(commands)
    arguments = parser.parse_args(argv)
    return deploy(arguments) if arguments.what == "deploy" else _make(arguments.what, arguments.check)


def _make(what: str, check: bool) -> int:
    try:
        wanted = copies() if what == "files" else _renders()
    except (NoGo, BuildFailed, UsageError) as error:
        sys.stderr.write(f"k8s: {error}\n")
        return 1
    left = list(stale(FILES)) if what == "files" else sorted(set(BASE.glob("*.yaml")) - wanted.keys())
    if check:
        return _differences(wanted, left)
    for file, body in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    for file in left:
        file.unlink()
    return 0


def _renders() -> dict[Path, bytes]:
    helm = runner(ensure(kit=CLUSTER)["helm"])
    return {file: text.encode() for file, text in rendered(helm)}


def _differences(wanted: dict[Path, bytes], left: Sequence[Path]) -> int:
    found = [*_wrong(wanted), *(f"{_name(file)} should not be there" for file in left)]
    for line in found:
        sys.stderr.write(f"{line}; `make k8s` puts it right\n")
    return int(bool(found))


def _wrong(wanted: dict[Path, bytes]) -> Iterator[str]:
    for file, body in wanted.items():
        if not file.exists():
            yield f"{_name(file)} is missing"
        elif file.read_bytes() != body:
            yield f"{_name(file)} is not what it is made of"


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
