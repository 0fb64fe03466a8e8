"""A thousand objectives: how long their rules take to make, and to evaluate by a real Prometheus, beside other forms.

    python -m bench.slo                    # 1,000 objectives: a quarter of an hour
    python -m bench.slo --objectives 20    # the same in small, a minute: groups are evaluated every 5 s
    python -m bench.slo --only making
    python -m bench.slo --only rules --objectives 100 --days 30

making  `aiops slo rules` over OpenSLO files, one for each service: the whole, and where the time goes. At most 3 s.

live    A cycle of the engine over as many objectives: it reads their metrics out of a real Prometheus, and has a ledger
        of thirty days. At most 2 s.

rules   Prometheus is the one that `make stack` builds. Ten routes a service, one objective a route, every second about
        latency. Its blocks are given a history of days: the counters that rules read, and what ours and sloth's would
        have recorded over five minutes. From then on it is fed over OTLP, whole histograms, by the clock, while it
        evaluates ours, then the form that sloth documents, then pyrra's, after a new start each. Windows longer than
        the history read less than they one day will: with the default of three days that is sloth's and pyrra's 30d
        and pyrra's 4d6h51m, so what they cost is a lower bound; ours has no window above three days. What is due
        in a minute must fit into 60 s even if done one after another. Forms and their sources: bench/slo_forms.py.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import slo_live, slo_making, slo_rules
from bench.slo_fleet import Fleet

PARTS = ("making", "live", "rules")
FEW = 200  # below so many objectives groups are evaluated every few seconds, to be done in a minute
EVERY = 5.0


def say(label: str, value: str) -> None:
    print(f"{label:<58}{value}".rstrip(), flush=True)


def told(text: str) -> None:
    """What is going on, on a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<78}\r")


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--objectives", type=_positive(int), default=1000, metavar="N", help="default 1000")
    parser.add_argument(
        "--instances", type=_positive(int), default=1, metavar="N", help="processes of each service, default 1"
    )
    parser.add_argument(
        "--export",
        type=int,
        choices=(15, 30, 60),
        default=60,
        help="seconds between exports; default 60, as OpenTelemetry's SDKs do",
    )
    parser.add_argument("--days", type=_positive(float), default=3.0, help="days of history, default 3")
    parser.add_argument(
        "--every",
        type=_positive(float),
        metavar="SECONDS",
        help=f"evaluate every group so often; default its own interval, or {EVERY:g} s below {FEW} objectives",
    )
    parser.add_argument("--only", choices=PARTS, help="only this part")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        kept = _measure(arguments)
    except KeyboardInterrupt:
        told("")
        sys.exit(130)
    sys.exit(0 if kept else 1)


def _measure(arguments: argparse.Namespace) -> bool:
    fleet = Fleet(arguments.objectives, arguments.instances, arguments.export)
    every = arguments.every or (EVERY if arguments.objectives < FEW else 0.0)
    parts = [arguments.only] if arguments.only else list(PARTS)
    kept = True
    say("load of the machine before, of 1 min", f"{os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as text:
        folder = Path(text)
        if "making" in parts:
            kept &= slo_making.run(fleet, folder, say)
        if "live" in parts:
            kept &= slo_live.run(arguments.objectives, folder, say, told)
        if "rules" in parts:
            kept &= slo_rules.run(fleet, folder, say, told, slo_rules.Plan(arguments.days, every))
    for part in PARTS:
        if part not in parts:
            say(part, "left out: --only")
    return kept


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} must be above zero")
        return value

    return number


if __name__ == "__main__":
    main()
