"""`aiops slo rules`, `import` and `export`: files from objectives, and objectives from files."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from aiops import slo as slos
from aiops.cli.slo.files import MADE, dumped, load_or_stop, paths_argument, whole
from aiops.cli.terminal.ending import Failed, write_out
from aiops.model import Slo, names
from aiops.model.safe import visible
from aiops.process import garbage
from aiops.slo import Links, Objectives, Problem

FORMATS: Final = ("prometheus", "kubernetes", "grafana")
FILE: Final = click.Path(dir_okay=False, path_type=Path)
UID: Final = "UID of the {} datasource in Grafana; empty: no rule and no link uses it."


@click.command()
@paths_argument
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="prometheus", show_default=True, help="Output format."
)
@click.option("-o", "--output", type=FILE, help="File to write. [default: stdout]")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if the output file is out of date.")
@click.option("--engine-url", default="", help="Address of the engine's pages, for links in alerts. [default: none]")
@click.option(
    "--grafana-url", default="", help="Address of Grafana, for links to traces and dashboards. [default: none]"
)
@click.option(
    "--runbooks",
    default="docs/runbooks",
    show_default=True,
    help="Folder or address of the runbooks, for links in alerts.",
)
@click.option(
    "--lock", type=FILE, help="For Grafana: file with the uids of all rules ever made, so that old rules are deleted."
)
@click.option("--dashboards", is_flag=True, help="Link to the dashboards of objectives; Grafana must have them.")
@click.option("--prometheus-uid", default=names.DATASOURCE_PROMETHEUS, show_default=True, help=UID.format("Prometheus"))
@click.option("--tempo-uid", default=names.DATASOURCE_TEMPO, show_default=True, help=UID.format("Tempo"))
@click.option("--name", default="aiops-slo", show_default=True, help="Name of the PrometheusRule (format kubernetes).")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Label to add to the PrometheusRule, or to alerts; may be repeated.",
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
    """Generate rules from objectives: recording and alert rules for Prometheus, or alerts on budgets for Grafana.

    The same objectives always give the same text. An objective with an error is reported and left out, and the exit
    code is 1; the rules of the others are generated.

    Example: aiops slo rules objectives/ -o rules.yaml
    """
    if (form == "grafana") != (lock is not None):
        raise click.UsageError("--format grafana and --lock FILE go together: Grafana removes only what it is told to")
    if form == "grafana" and not prometheus_uid and not tempo_uid:
        raise click.UsageError("without --prometheus-uid and --tempo-uid Grafana has nothing to ask")
    found = load_or_stop(paths)
    pairs = dict(_pair(one) for one in labels)
    kubernetes = form == "kubernetes"
    links = Links(
        engine=engine_url.rstrip("/"),
        runbooks=runbooks.rstrip("/"),
        labels={} if kubernetes else pairs,
        dashboards=dashboards,
        grafana=grafana_url.rstrip("/"),
        prometheus=prometheus_uid,
        tempo=tempo_uid,
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
        files[lock] = slos.lock.write_lock(known)
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
            write_out(path, content)
        elif not path.is_file() or path.read_text(encoding="utf-8") != content:
            raise Failed(f"{path} is not what the objectives say; run this again without --check")
    if problems:
        raise Failed(f"{count}, and left out")


def _used(found: Objectives, links: Links) -> tuple[list[Slo], list[Problem]]:
    """Return the objectives for which rules are made, and the problems of the others: one expression that Prometheus
    cannot read would make the whole file invalid."""
    from aiops.slo.spec import expressions

    used, problems = [], list(found.problems)
    for slo in found.slos:
        try:
            for rule in (rule for group in slos.groups([slo], links) for rule in group["rules"]):
                expressions.check_promql(rule["expr"])
        except ValueError as error:
            problems.append(Problem(slo.place, slo.name, f"makes rules that are no PromQL: {error}"))
        else:
            used.append(slo)
    return used, problems


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=FILE, help="File to write. [default: stdout]")
def import_(file: Path, output: Path | None) -> None:
    """Convert objectives of sloth to OpenSLO: its files (prometheus/v1), and its PrometheusServiceLevel in Kubernetes.

    What cannot be converted, and what is left out, is reported on stderr; the rest is converted. An existing file is
    not overwritten.

    Example: aiops slo import sloth.yaml -o objectives.yaml
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
        write_out(output, text)
    sys.exit(1 if problems else 0)


@click.command()
@paths_argument
@click.option("-o", "--output", type=FILE, help="File to write. [default: stdout]")
def export(paths: tuple[Path, ...], output: Path | None) -> None:
    """Write objectives as OpenSLO v1 in one normal form.

    Indicators and data sources that are referred to are written inline. Each objective is a separate document, except
    the parts of a composite objective, which share one. Reading the output gives the same objectives. Exit code 1: an
    objective has an error, and nothing is written.
    """
    if output is not None and any(one.resolve() in (output.resolve(), *output.resolve().parents) for one in paths):
        raise click.UsageError(f"{output} is, or would be, among the objectives that are read; choose another file")
    found = load_or_stop(paths)
    whole(found)
    text = "---\n".join(dumped(one) for one in slos.documents(found))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_out(output, text)


def _known(lock: Path) -> dict[str, str]:
    """Return what a lock file contains; a file that does not exist yet contains nothing."""
    try:
        return slos.lock.read_lock(lock.read_text(encoding="utf-8"))
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
