"""`aiops drill example`, `check`, `run`, `serve` and `list`."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from aiops.cli.common import UsageError, default_url, engine_options
from aiops.cli.drill.causing import NotDone
from aiops.cli.drill.plan import EXAMPLE, DrillPlan, load_drills
from aiops.cli.drill.running import DrillRunner
from aiops.cli.remote import NotAnswered, Remote
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.table import text_table
from aiops.model.safe import visible
from aiops.presentation.numbers import span_of_time
from aiops.presentation.status import drill_style
from aiops.process.system import ENDS

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group("drill")
def drill_command() -> None:
    """Cause a fault on purpose, and see whether the engine finds it.

    A drill shows that people would be told. It causes a fault by a request, or by a manifest of Chaos Mesh or Litmus,
    waits for an incident that blames the right service, and takes the fault back.
    """


@drill_command.command("example")
def drill_example() -> None:
    """Print a file of drills to begin with."""
    click.echo(EXAMPLE, nl=False)


@drill_command.command("check")
@FILE
def drill_check(file: Path) -> None:
    """Check a file of drills, and print when each comes next. Nothing is caused."""
    now = datetime.now(UTC)
    for one in load_drills(file):
        following = one.following(now)
        when = "never by itself" if following is None else f"next {following.isoformat(timespec='minutes')}"
        what = f"{one.kind or 'any incident'} of {one.service} within {span_of_time(one.within)}"
        click.echo(f"{one.name}: {what}, {when}")


@drill_command.command("run")
@engine_options
@FILE
@click.option("--name", help="Which drill of the file. [default: its only one]")
@click.option("--anyway", is_flag=True, help="Cause the fault although an incident is open.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def drill_run(url: str | None, token: str | None, file: Path, name: str | None, anyway: bool, as_json: bool) -> None:
    """Run one drill now. Ctrl-C takes the fault back.

    Exit code 0: found in time. Exit code 1: late, missed, skipped, or the fault could not be caused.

    Example: aiops drill run drills.yaml --name payment-errors
    """
    plan = _chosen(load_drills(file), name)
    runner = DrillRunner(Remote(url or default_url(), token), partial(click.echo, err=True))
    with _interrupted_by_signals():
        try:
            found = runner.run(plan, anyway)
            found = runner.engine.answer(f"/aiops/drills/{found['id']}")
        except (NotAnswered, NotDone) as error:
            _not_so(error)
        except KeyboardInterrupt:
            raise Failed("interrupted") from None
    click.echo(json.dumps(found, indent=2) if as_json else _line(found))
    if found["result"] != "found":
        sys.exit(1)


@drill_command.command("serve")
@engine_options
@FILE
def drill_serve(url: str | None, token: str | None, file: Path) -> None:
    """Run the drills of a file by their schedules, until Ctrl-C, which takes a fault back first.

    A drill is skipped while an incident is open. Results are on the page /drills and metrics of the engine.
    """
    plans = [one for one in load_drills(file) if one.schedule is not None]
    if not plans:
        raise UsageError(f"no drill in {file} has a schedule")
    runner = DrillRunner(Remote(url or default_url(), token), partial(click.echo, err=True))
    with _interrupted_by_signals():
        try:
            while (following := _next(plans, datetime.now(UTC))) is not None:
                at, plan = following
                click.echo(f"{plan.name}: next {at.isoformat(timespec='seconds')}", err=True)
                _sleep_until(at)
                try:
                    runner.run(plan)
                except (NotAnswered, NotDone) as error:
                    click.echo(f"aiops: {visible(str(error))}", err=True)
        except KeyboardInterrupt:
            click.echo("ended", err=True)


@drill_command.command("list")
@engine_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The most drills to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def drill_list(url: str | None, token: str | None, limit: int, as_json: bool) -> None:
    """List drills and their results, newest first."""
    try:
        found = Remote(url or default_url(), token).answer("/aiops/drills", {"limit": str(limit)})["drills"]
    except NotAnswered as error:
        _not_so(error)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in text_table(("BEGUN", "DRILL", "RESULT", "FOUND AFTER", "INCIDENT", ""), [_row(one) for one in found]):
        click.echo(one)


def _chosen(plans: tuple[DrillPlan, ...], name: str | None) -> DrillPlan:
    names = ", ".join(one.name for one in plans)
    if name is None and len(plans) > 1:
        raise UsageError(f"the file has several drills; choose one with --name: {names}")
    found = plans[0] if name is None else next((one for one in plans if one.name == name), None)
    if found is None:
        raise UsageError(f"there is no drill {name}; there are {names}")
    return found


def _next(plans: list[DrillPlan], now: datetime) -> tuple[datetime, DrillPlan] | None:
    times = [(at, plan) for plan in plans if (at := plan.following(now)) is not None]
    return min(times, key=lambda one: one[0], default=None)


def _sleep_until(at: datetime) -> None:
    """Sleep in short parts, because a clock that is set changes how long it is."""
    wake = threading.Event()
    while (left := (at - datetime.now(UTC)).total_seconds()) > 0:
        wake.wait(min(left, 30.0))


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let each signal that ends a process raise KeyboardInterrupt, so that a fault is taken back."""

    def interrupt(_number: int, _frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    took = "" if one["took_seconds"] is None else span_of_time(one["took_seconds"])
    style = drill_style(one["result"])
    result = click.style(f"{style.mark} {style.words}", fg=style.colour or None)
    return one["started_at"], one["name"], result, took, one["incident"] or "", one["text"] or ""


def _line(one: dict[str, Any]) -> str:
    what = f"{one['name']}: {one['result']}"
    if one["incident"]:
        what += f" after {span_of_time(one['took_seconds'])}: {one['incident']}"
    return visible(f"{what}: {one['text']}" if one["text"] else what)


def _not_so(error: Exception) -> NoReturn:
    click.echo(f"aiops: {visible(str(error))}", err=True)
    sys.exit(1)
