"""`aiops slo test`: prove the rules of objectives with promtool."""

import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from aiops import slo as slos
from aiops.cli.slo.files import MADE, dumped, load_or_stop, paths_argument, whole
from aiops.cli.terminal.ending import Failed, write_out
from aiops.model import Slo
from aiops.model.safe import LAID_OUT, visible
from aiops.slo import Links


@click.command()
@paths_argument
@click.option(
    "--promtool",
    default="promtool",
    show_default=True,
    help="Path of promtool, which comes with Prometheus and runs the tests.",
)
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Only write rules and tests into this folder; do not run them.",
)
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only the objective with this name; may be repeated. [default: all]",
)
def test(paths: tuple[Path, ...], promtool: str, folder: Path | None, names: tuple[str, ...]) -> None:
    """Prove that the rules of objectives fire when they must, and only then.

    Generates counters for an outage, errors, a slow burn, an idle service, a restart and more, computes exactly when
    each alert has to fire, and lets promtool evaluate the rules over them. Objectives with their own PromQL, gauges or
    native histograms are skipped and listed.

    Example: aiops slo test objectives/
    """
    found = load_or_stop(paths)
    whole(found)
    if unknown := set(names) - {one.name for one in found.slos}:
        raise click.UsageError(f"there is no objective {', '.join(sorted(unknown))}")
    chosen = [one for one in found.slos if not names or one.name in names]
    for one in chosen:
        if not slos.provable(one):
            click.echo(f"{one.name}: left out, its series cannot be made up", err=True)
    chosen = [one for one in chosen if slos.provable(one)]
    if not chosen:
        raise Failed("nothing was proven: none of these objectives can be")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failed(f"cannot make {folder}: {error.strerror}") from None
        for name in (name for one in chosen for name in _written(one, folder)):
            click.echo(str(folder / name))
        return
    if (program := shutil.which(promtool)) is None:
        raise click.UsageError(
            f"there is no {promtool} on PATH; it comes with Prometheus, give its place with --promtool"
        )
    with tempfile.TemporaryDirectory(prefix="aiops-slo-") as text, ThreadPoolExecutor(os.cpu_count()) as pool:
        place = Path(text)
        runs = pool.map(lambda one: _proved(program, place / one.name, one), chosen)
        failed = [one.name for one, passed in zip(chosen, runs, strict=True) if not passed]
    if failed:
        raise Failed(f"the rules of {', '.join(failed)} do not do what they must")


def _written(one: Slo, folder: Path) -> tuple[str, str]:
    """Write the rules of an objective and their tests; returns the names of both files."""
    rules, tests = f"{one.name}.yml", f"{one.name}-tests.yml"
    # In one group: promtool evaluates several groups in any order, and slices must come before the rules that use them.
    made = [rule for group in slos.groups([one], Links()) for rule in group["rules"]]
    write_out(folder / rules, MADE + dumped({"groups": [{"name": one.name, "rules": made}]}))
    write_out(folder / tests, MADE + dumped(slos.tests(one, rules)))
    return rules, tests


def _proved(program: str, folder: Path, one: Slo) -> bool:
    folder.mkdir()
    _, tests = _written(one, folder)
    started = time.monotonic()
    done = subprocess.run([program, "test", "rules", tests], cwd=folder, capture_output=True, text=True, check=False)
    count = len(slos.scenarios(one))
    if done.returncode:
        # The output of promtool contains names and values of objectives.
        click.echo(f"{one.name}: FAILED\n{visible((done.stdout + done.stderr).strip(), keep=LAID_OUT)}")
    else:
        click.echo(f"{one.name}: {count} scenarios as they must be, in {time.monotonic() - started:.0f} s")
    return done.returncode == 0
