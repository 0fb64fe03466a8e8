"""The command: its options, its output, and its exit codes."""

import json
from functools import partial
from urllib.parse import urlsplit

import click

from aiops.cli.common import CONTEXT, token_option
from aiops.cli.smoke.asking import ask_once
from aiops.cli.smoke.checks import Wanted
from aiops.cli.smoke.waiting import Progress, Wait
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.table import text_table
from aiops.model.safe import visible
from aiops.slo.spec import durations


class Length(click.ParamType[float]):
    """Seconds: a number of them, or a length such as 90s or 10m."""

    name = "length"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a length of at most a day, in seconds."""
        text = str(value)
        try:
            seconds, months = (int(text), 0) if text.isdecimal() else durations.shorthand(text)
        except ValueError:
            seconds, months = 0, 0
        if months or not 0 < seconds <= durations.SECONDS["d"]:
            self.fail(f"{text!r} is not a length up to a day; write it like 120, 90s or 10m", param, ctx)
        return float(seconds)


def _address(_context: click.Context, _option: click.Parameter, url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        right = right and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        right = False
    if not right or any(one.isspace() for one in url):
        raise click.BadParameter(f"{url!r} is not an address like http://127.0.0.1:8000")
    return url.rstrip("/")


@click.command(context_settings=CONTEXT)
@click.argument("url", callback=_address)
@token_option
@click.option(
    "--timeout", type=Length(), default="120s", show_default=True, help="How long to wait, in seconds or as 90s, 10m."
)
@click.option(
    "--service", "services", multiple=True, metavar="NAME", help="Service that must be judged now; may be repeated."
)
@click.option("--without-telemetry", is_flag=True, help="Do not require that telemetry arrives.")
@click.option("--version", default="", metavar="VERSION", help="Release that must run. [default: any]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def smoke(
    url: str,
    token: str | None,
    timeout: float,
    services: tuple[str, ...],
    without_telemetry: bool,
    version: str,
    as_json: bool,
) -> None:
    """Check whether the engine at URL really works, for example after a deployment or an upgrade.

    Waits until all checks pass: the process answers and is ready, the last cycle is recent and a new one is seen to
    end, telemetry arrives and is judged, pages, API and metrics are served, and the right version runs. Nothing is
    changed: the token of a viewer is enough, where the engine needs one. REQUESTS_CA_BUNDLE names the CA certificates
    (PEM) for an https address with a private CA.

    Exit code 0: all checks passed. Exit code 1: the time was over, or it was interrupted, and a check had not passed.

    Example: aiops smoke http://127.0.0.1:8000 --service checkout
    """
    if services and without_telemetry:
        raise click.UsageError("--service asks for telemetry and --without-telemetry for none; leave one of them out")
    wanted = Wanted(version, services, telemetry=not without_telemetry)
    wait, progress = Wait(partial(ask_once, url, services, token=token), wanted), Progress()
    interrupted = False
    try:
        wait.until(timeout, progress)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        progress.end()
    if as_json:
        click.echo(json.dumps(_document(url, wait), indent=2))
    elif wait.found:
        rows = [
            (one.name, click.style("ok", fg="green") if one.ok else click.style("NOT", fg="red"), one.measured)
            for one in wait.found
        ]
        for line in text_table(("check", "holds", "measured"), rows):
            click.echo(line)
    if interrupted or not wait.works:
        raise Failed(_why(url, wait, interrupted))


def _document(url: str, wait: Wait) -> dict[str, object]:
    return {
        "url": url,
        "works": wait.works,
        "version": wait.version or None,
        "waited_seconds": round(wait.seconds, 3),
        "checks": [
            {"check": one.name, "holds": one.ok, "measured": one.measured, "look": None if one.ok else one.look}
            for one in wait.found
        ],
    }


def _why(url: str, wait: Wait, interrupted: bool) -> str:
    names = ", ".join(one.name for one in wait.lacking) or "nothing was asked"
    when = f"interrupted after {wait.seconds:.0f} s" if interrupted else f"after {wait.seconds:.0f} s"
    looks = [f"\n  {one.name}: {visible(one.look)}" for one in wait.lacking]
    return f"{url} does not work, {when}: {names}" + "".join(looks)
