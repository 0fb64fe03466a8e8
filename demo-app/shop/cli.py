"""The command line: `python -m shop COMMAND`; each imports what it needs, and no more."""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from shop.kinds import KINDS
from shop.profile import RATE
from shop.settings import BadSetting, Settings, url_of
from shop.topology import GATEWAY, SERVICES
from shop.virtual import command

EPILOG = "Exit status: 0 done, 1 failed, 2 used wrongly or a port is in use."


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(COMMANDS[arguments.command](arguments))
    except BadSetting as error:
        sys.stderr.write(f"shop: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shop", description="A small shop that breaks on command.", epilog=EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="run the whole shop here, with load, until Ctrl-C", epilog=EPILOG)
    _add_offset(up)
    _add_load(up)
    up.add_argument("--run-dir", type=Path, metavar="DIR", help="where fault flags and the table live (temporary)")
    up.add_argument("--otlp-endpoint", metavar="URL", help="where telemetry goes (http://127.0.0.1:4318)")
    up.add_argument("--tied", action="store_true", help="end when standard input does, for programs that start it")

    serve = commands.add_parser("serve", help="run one service", epilog=EPILOG)
    serve.add_argument("service", nargs="?", choices=SERVICES, metavar="SERVICE", help="default: $SHOP_SERVICE")
    _add_offset(serve)

    load = commands.add_parser("load", help="send load to the gateway", epilog=EPILOG)
    _add_offset(load)
    _add_load(load)
    load.add_argument("--url", help="the gateway (default: $SHOP_GATEWAY_URL, or this machine)")
    load.add_argument("--duration", type=_positive, metavar="SECONDS", help="how long (default: until stopped)")
    load.add_argument("--progress", action="store_true", help="say every five seconds how it goes")

    scenarios = commands.add_parser(
        "scenarios",
        help="list the faults, and the incidents that should come of them",
        epilog="kinds of fault, and what their strength counts:\n" + "\n".join(_kinds()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scenarios.add_argument("--json", action="store_true", help="for programs")

    commands.add_parser("objectives", help="print what the shop promises its customers, as OpenSLO")

    teaching = argparse.RawDescriptionHelpFormatter
    command.options(commands.add_parser("virtual", help=command.HELP, epilog=command.EPILOG, formatter_class=teaching))
    return parser


def _kinds() -> Iterator[str]:
    for kind in KINDS.values():
        only = f" (only {', '.join(kind.only)})" if kind.only else ""
        yield f"  {kind.name:11} {kind.unit:6} {kind.summary}{only}"


def _add_offset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port-offset", type=int, metavar="N", help="add N to every port, so that two shops can run side by side"
    )


def _add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate", type=_rate, default=RATE, metavar="R", help="requests a second (%(default)g); 0 with `up`: no load"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of all randomness (%(default)d)")


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 10000")
    return rate


def _positive(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return seconds


def _up(arguments: argparse.Namespace) -> int:
    from shop.supervisor import Plan, Supervisor

    offset = _offset(arguments)
    with tempfile.TemporaryDirectory(prefix="shop-", ignore_cleanup_errors=True) as temporary:
        run_dir = (arguments.run_dir or Path(temporary)).resolve()
        plan = Plan(run_dir, offset, arguments.rate, arguments.seed, arguments.otlp_endpoint, arguments.tied)
        return Supervisor(plan).run()


def _serve(arguments: argparse.Namespace) -> int:
    from shop.server import PortInUse, serve

    try:
        serve(Settings.read(os.environ, arguments.service, arguments.port_offset))
    except PortInUse as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _load(arguments: argparse.Namespace) -> int:
    from shop import load

    if arguments.rate == 0:
        raise BadSetting("--rate is 0; load needs at least a little")
    load.run(
        arguments.url or url_of(GATEWAY, os.environ, _offset(arguments)),
        arguments.rate,
        arguments.seed,
        arguments.duration,
        arguments.progress,
        Settings.read(os.environ, GATEWAY),
    )
    return 0


def _offset(arguments: argparse.Namespace) -> int:
    """Return the offset of the ports, checked for every service."""
    everyone = [Settings.read(os.environ, service, arguments.port_offset) for service in SERVICES]
    return everyone[0].port_offset


def _scenarios(arguments: argparse.Namespace) -> int:
    from shop import catalogue

    if arguments.json:
        sys.stdout.write(json.dumps(catalogue.as_json(), indent=2) + "\n")
        return 0
    for scenario in catalogue.SCENARIOS.values():
        sys.stdout.write(f"{scenario.name:20} {scenario.title}\n")
        for expected in scenario.truth:
            target = f"{expected.service} {expected.endpoint or ''}".rstrip()
            caller = f", called by {expected.caller}" if expected.caller else ""
            dimension = f", where {' is '.join(expected.dimension)}" if expected.dimension else ""
            sys.stdout.write(f"{'':20}   incident: {expected.kind} at {target}{caller}{dimension}; ")
            sys.stdout.write(f"affected: {', '.join(expected.affected) or 'nobody else'}\n")
        if not scenario.truth:
            sys.stdout.write(f"{'':20}   no incident\n")
    return 0


def _objectives(_arguments: argparse.Namespace) -> int:
    sys.stdout.write(Path(__file__).with_name("objectives.yaml").read_text(encoding="utf-8"))
    return 0


COMMANDS = {
    "up": _up,
    "serve": _serve,
    "load": _load,
    "scenarios": _scenarios,
    "objectives": _objectives,
    "virtual": command.run,
}
