"""`aiops slo rules`, `import` and `export`: files made of objectives, and objectives made of files."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from aiops import slo as slos
from aiops.cli.slo.files import MADE, dumped, load, paths_argument, whole
from aiops.cli.terminal.ending import Failed, write
from aiops.model import Slo, names
from aiops.model.safe import visible
from aiops.process import garbage
from aiops.slo import Links, Objectives, Problem

FORMATS: Final = ("prometheus", "kubernetes", "grafana")
FILE: Final = click.Path(dir_okay=False, path_type=Path)
UID: Final = "Grafana's datasource of {}; empty: no rule and no link asks it."


@click.command()
@paths_argument
@click.option("--format", "form", type=click.Choice(FORMATS), default="prometheus", show_default=True)
@click.option("-o", "--output", type=FILE, help="File to write; else stdout.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when the output is not up to date.")
@click.option("--engine-url", default="", help="Where alerts link to the engine's pages.")
@click.option("--grafana-url", default="", help="Where alerts link to Grafana: traces of bad requests, dashboards.")
@click.option("--runbooks", default="docs/runbooks", show_default=True, help="Where runbooks are.")
@click.option("--lock", type=FILE, help="Grafana: keeps the uids of all rules ever made, so that old ones go.")
@click.option("--dashboards", is_flag=True, help="Link to Grafana's dashboards of objectives, where they are.")
@click.option("--prometheus-uid", default=names.DATASOURCE_PROMETHEUS, show_default=True, help=UID.format("Prometheus"))
@click.option("--tempo-uid", default=names.DATASOURCE_TEMPO, show_default=True, help=UID.format("Tempo"))
@click.option("--name", default="aiops-slo", show_default=True, help="Name of the PrometheusRule.")
@click.option(
    "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label of the PrometheusRule, or of alerts."
)
@garbage.held()
def rules(
    paths: tuple[Path, ...],
    form: str,
    output: Path | None,
    check: bool,
    engine_url: str,
    grafana_url: str,
    runbooks: str,
    lock: Path | None,
    dashboards: bool,
    prometheus_uid: str,
    tempo_uid: str,
    name: str,
    labels: tuple[str, ...],
) -> None:
    """Make rules of objectives: Prometheus' recording and alert rules, or what Grafana tells of their budgets.

    The same objectives give the same text. An objective with a mistake is left out and said, and ends this with 1; the
    rules of the others are made all the same.
    """
    if (form == "grafana") != (lock is not None):
        raise click.UsageError("--format grafana and --lock FILE go together: Grafana removes only what it is told to")
    if form == "grafana" and not prometheus_uid and not tempo_uid:
        raise click.UsageError("without --prometheus-uid and --tempo-uid Grafana has nothing to ask")
    found = load(paths)
    pairs = dict(_pair(one) for one in labels)
    kubernetes = form == "kubernetes"
    links = Links(
        engine_url.rstrip("/"),
        runbooks.rstrip("/"),
        {} if kubernetes else pairs,
        dashboards,
        grafana_url.rstrip("/"),
        prometheus_uid,
        tempo_uid,
    )
    used, problems = _used(found, links)
    for problem in problems:
        click.echo(visible(str(problem)), err=True)
    count = f"{len(problems)} objective{'s are' if len(problems) != 1 else ' is'} wrong"
    if not used:
        raise Failed(f"{count}, so nothing was made")
    files: dict[Path, str] = {}
    if lock is not None:
        document, known = slos.provisioning(used, links, _known(lock))
        files[lock] = slos.lock.write(known)
    else:
        document = {"groups": slos.groups(used, links)}
    if kubernetes:
        metadata: dict[str, Any] = {"name": name, **({"labels": pairs} if pairs else {})}
        document = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata,
            "spec": document,
        }
    text = MADE + dumped(document)
    if output is not None:
        files[output] = text
    elif check:
        raise click.UsageError("--check needs --output: the file to compare with")
    else:
        click.echo(text, nl=False)
    for path, content in files.items():
        if not check:
            write(path, content)
        elif not path.is_file() or path.read_text(encoding="utf-8") != content:
            raise Failed(f"{path} is not what the objectives say; run this again without --check")
    if problems:
        raise Failed(f"{count}, and left out")


def _used(found: Objectives, links: Links) -> tuple[list[Slo], list[Problem]]:
    """The objectives that rules are made of, and why not of the others: one expression that Prometheus cannot read
    would cost the whole file."""
    from aiops.slo.spec import expressions

    used, problems = [], list(found.problems)
    for slo in found.slos:
        try:
            for rule in (rule for group in slos.groups([slo], links) for rule in group["rules"]):
                expressions.check(rule["expr"])
        except ValueError as error:
            problems.append(Problem(slo.place, slo.name, f"makes rules that are no PromQL: {error}"))
        else:
            used.append(slo)
    return used, problems


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=FILE, help="File to write; else stdout.")
def import_(file: Path, output: Path | None) -> None:
    """Turn objectives of sloth into OpenSLO: its files (prometheus/v1), and its PrometheusServiceLevel in Kubernetes.

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
        click.echo(visible(line), err=True)
    text = "---\n".join(dumped(one) for one in made)
    if output is None:
        click.echo(text, nl=False)
    elif made:
        write(output, text)
    sys.exit(1 if problems else 0)


@click.command()
@paths_argument
@click.option("-o", "--output", type=FILE, help="File to write; else stdout.")
def export(paths: tuple[Path, ...], output: Path | None) -> None:
    """Write objectives as OpenSLO v1 in one form.

    Indicators and data sources that are referred to are written out, each objective in a document of its own but for
    those of a journey: reading it again gives the same objectives. An objective with a mistake ends this with 1, and
    nothing is written.
    """
    if output is not None and any(one.resolve() in (output.resolve(), *output.resolve().parents) for one in paths):
        raise click.UsageError(f"{output} is, or would be, among the objectives that are read; choose another file")
    found = load(paths)
    whole(found)
    text = "---\n".join(dumped(one) for one in slos.documents(found))
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)


def _known(lock: Path) -> dict[str, str]:
    """What a lock file names; one that is not there yet names nothing."""
    try:
        return slos.lock.read(lock.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Failed(f"cannot read {lock}: {error.strerror}") from None
    except ValueError as error:
        raise Failed(f"{lock} {error}") from None


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.UsageError(f"--label {text!r} must be KEY=VALUE")
    return key, value
