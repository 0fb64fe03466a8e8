"""`aiops slo`: objectives checked, and the rules made of them."""

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import click
import yaml

from aiops import slo as slos
from aiops.model import Slo
from aiops.names import DURATION_BOUNDS
from aiops.slo import Links, Note, Objectives

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
FORMATS: Final = ("prometheus", "kubernetes")
MADE: Final = "# Made by `aiops slo rules`; change the objectives instead.\n"
DAY: Final = 86_400


class _Failed(click.ClickException):
    """What was checked is not so."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"aiops: {self.message}", err=True, file=file)


def _paths(command: Callable[..., Any]) -> Callable[..., Any]:
    kind = click.Path(exists=True, path_type=Path)
    return click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=kind)(command)


@contextlib.contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Half of the time would go into Python's search for cycles among the nodes of large documents; they have none."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@click.group(context_settings=CONTEXT)
def slo() -> None:
    """Objectives: check them, make rules of them, prove that the rules fire.

    Objectives are OpenSLO v1 documents in YAML files; a PATH is a file, or a folder that is searched for *.yaml. See
    docs/objectives.md.
    """


@slo.command()
@_paths
@click.option("--retention", default=15, show_default=True, metavar="DAYS", help="How long the metrics are kept.")
@click.option("--prometheus-url", help="Look there as well: whether anything is counted, and enough of it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate(paths: tuple[Path, ...], retention: int, prometheus_url: str | None, as_json: bool) -> None:
    """Check objectives: what is wrong, with its line, and what would not do what you mean.

    Ends with 1 when anything is wrong. Notes alone are no failure.
    """
    found = _read(paths)
    notes = slos.lint(found.slos, retention * DAY, None if prometheus_url else DURATION_BOUNDS)
    if prometheus_url:
        notes += _looked(prometheus_url, found)
    wrong = [str(one) for one in (*found.problems, *(note for note in notes if note.wrong))]
    remarks = [str(note) for note in notes if not note.wrong]
    if as_json:
        objectives = [one.name for one in found.slos]
        click.echo(json.dumps({"objectives": objectives, "problems": wrong, "notes": remarks}, indent=2))
    else:
        for line in (*wrong, *remarks):
            click.echo(line)
        count = f"{len(found.slos)} objective{'s' * (len(found.slos) != 1)}"
        click.echo(f"{count}, {len(wrong)} wrong, {len(remarks)} to note", err=True)
    sys.exit(1 if wrong else 0)


@slo.command()
@_paths
@click.option("--format", "form", type=click.Choice(FORMATS), default="prometheus", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when the output is not up to date.")
@click.option("--engine-url", default="", help="Where alerts link to the engine's pages.")
@click.option("--runbooks", default="docs/runbooks", show_default=True, help="Where runbooks are.")
@click.option("--name", default="aiops-slo", show_default=True, help="Name of the PrometheusRule.")
@click.option(
    "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label of the PrometheusRule, or of alerts."
)
@no_search_for_garbage()
def rules(
    paths: tuple[Path, ...],
    form: str,
    output: Path | None,
    check: bool,
    engine_url: str,
    runbooks: str,
    name: str,
    labels: tuple[str, ...],
) -> None:
    """Make Prometheus' recording and alert rules of objectives.

    The same objectives give the same text. An objective with a mistake ends this with 1, and nothing is written.
    """
    found = _read(paths)
    _whole(found)
    pairs = dict(_pair(one) for one in labels)
    kubernetes = form == "kubernetes"
    links = Links(engine_url.rstrip("/"), runbooks.rstrip("/"), {} if kubernetes else pairs)
    document: dict[str, Any] = {"groups": slos.groups(found.slos, links)}
    if kubernetes:
        metadata: dict[str, Any] = {"name": name, **({"labels": pairs} if pairs else {})}
        document = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata,
            "spec": document,
        }
    text = MADE + _yaml(document)
    if output is None:
        if check:
            raise click.UsageError("--check needs --output: the file to compare with")
        click.echo(text, nl=False)
    elif not check:
        _write(output, text)
    elif not output.is_file() or output.read_text(encoding="utf-8") != text:
        raise _Failed(f"{output} is not what the objectives say; run this again without --check")


@slo.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout.")
def import_(file: Path, output: Path | None) -> None:
    """Turn objectives of sloth (prometheus/v1) into OpenSLO.

    What cannot be turned, and what is left behind, is said on stderr; the rest is made. A file that is there is not
    overwritten.
    """
    if output is not None and output.exists():
        raise click.UsageError(f"{output} is there already; choose another file")
    try:
        written = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise click.UsageError(f"cannot read {file}: {error}") from None
    made, problems, notes = slos.sloth.convert(written, str(file))
    for line in (*map(str, problems), *notes):
        click.echo(line, err=True)
    text = "---\n".join(_yaml(one) for one in made)
    if output is None:
        click.echo(text, nl=False)
    elif made:
        _write(output, text)
    sys.exit(1 if problems else 0)


@slo.command()
@_paths
@click.option(
    "--promtool", default="promtool", show_default=True, help="The program of Prometheus that runs the tests."
)
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path), help="Only write rules and tests.")
@click.option("--only", "names", multiple=True, metavar="NAME", help="Only this objective; may be repeated.")
def test(paths: tuple[Path, ...], promtool: str, folder: Path | None, names: tuple[str, ...]) -> None:
    """Prove that the rules of objectives fire when they must, and only then.

    Makes counters up for an outage, errors, a slow burn, an idle service, a restart and more, works out exactly when
    each alert has to fire, and has promtool evaluate the rules over them. Objectives over PromQL of your own, gauges
    and native histograms are left out, and named.
    """
    found = _read(paths)
    _whole(found)
    if unknown := set(names) - {one.name for one in found.slos}:
        raise click.UsageError(f"there is no objective {', '.join(sorted(unknown))}")
    chosen = [one for one in found.slos if not names or one.name in names]
    for one in chosen:
        if not slos.provable(one):
            click.echo(f"{one.name}: left out, its series cannot be made up", err=True)
    chosen = [one for one in chosen if slos.provable(one)]
    if not chosen:
        raise _Failed("nothing was proven: none of these objectives can be")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _Failed(f"cannot make {folder}: {error.strerror}") from None
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
        raise _Failed(f"the rules of {', '.join(failed)} do not do what they must")


def _written(one: Slo, folder: Path) -> tuple[str, str]:
    """Write the rules of an objective and their tests; returns the names of both files."""
    rules, tests = f"{one.name}.yml", f"{one.name}-tests.yml"
    # In one group: promtool evaluates several in any order, and slices come before what is made of them.
    made = [rule for group in slos.groups([one], Links()) for rule in group["rules"]]
    _write(folder / rules, MADE + _yaml({"groups": [{"name": one.name, "rules": made}]}))
    _write(folder / tests, MADE + _yaml(slos.tests(one, rules)))
    return rules, tests


def _proved(program: str, folder: Path, one: Slo) -> bool:
    folder.mkdir()
    _, tests = _written(one, folder)
    started = time.monotonic()
    done = subprocess.run([program, "test", "rules", tests], cwd=folder, capture_output=True, text=True, check=False)
    count = len(slos.scenarios(one))
    if done.returncode:
        click.echo(f"{one.name}: FAILED\n{(done.stdout + done.stderr).strip()}")
    else:
        click.echo(f"{one.name}: {count} scenarios as they must be, in {time.monotonic() - started:.0f} s")
    return done.returncode == 0


def _looked(url: str, found: Objectives) -> list[Note]:
    """What Prometheus has of these objectives."""
    from aiops.http import Endpoint
    from aiops.ports import SourceError
    from aiops.sources.prometheus.api import Api
    from aiops.sources.prometheus.objectives import look

    api = Api(Endpoint("Prometheus", url))
    try:
        return look(api, found.slos, time.time())
    except SourceError as error:
        raise click.UsageError(str(error)) from None
    finally:
        api.close()


def _read(paths: tuple[Path, ...]) -> Objectives:
    # promql-parser and dateutil are for those who read objectives only.
    from aiops import objectives

    try:
        found = objectives.load(paths)
    except (OSError, UnicodeError) as error:
        raise click.UsageError(f"cannot read objectives: {error}") from None
    if not found.slos and not found.problems:
        raise click.UsageError(f"there is no objective in {', '.join(str(one) for one in paths)}")
    return found


def _write(path: Path, text: str) -> None:
    """Write beside and rename, so that a full disk leaves what was there."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise _Failed(f"cannot write {path}: {error.strerror}") from None


def _whole(found: Objectives) -> None:
    for problem in found.problems:
        click.echo(str(problem), err=True)
    if found.problems:
        count = len(found.problems)
        raise _Failed(f"{count} objective{'s are' if count > 1 else ' is'} wrong, so nothing was made")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.UsageError(f"--label {text!r} must be KEY=VALUE")
    return key, value


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Long texts as blocks, in the order they were put together."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _yaml(document: object) -> str:
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True))
