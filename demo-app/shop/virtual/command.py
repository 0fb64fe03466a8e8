"""`python -m shop virtual`: telemetry of days in seconds, for anything that reads Arrow, OTLP or OpenMetrics."""

import argparse
import contextlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from shop.catalogue import SCENARIOS
from shop.profile import RATE
from shop.settings import BadSetting

if TYPE_CHECKING:
    from shop.virtual.stream import Model, Slice

NEEDS = ("numpy", "pyarrow")
FORMATS = ("arrow", "otlp", "openmetrics")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_DAYS = 400
LASTING = 600.0
SLICE_STEPS = 1440  # exports in a slice of metrics: a day of minutes
HELP = "write generated telemetry of the shop: two weeks in a second, the same for the same seed"
EPILOG = """\
What is written has the truth of the model: load by the hour and the day of the week, and each fault of the scenarios
for ten minutes, spread evenly over the history. Every process is marked telemetry.generated=true.

  shop virtual --history 14d --out two-weeks.arrow
  shop virtual --history 2h --step 15 --spans --scenario payment-errors --format otlp --out incident.jsonl
  shop virtual --history 30d --format openmetrics --out month.om
  promtool tsdb create-blocks-from openmetrics month.om data/

Formats: `arrow` is a row of Arrow IPC streams (see shop/virtual/arrow.py), the fastest; `otlp` is lines of OTLP JSON,
as the collector's otlpjsonfile receiver reads them; `openmetrics` is text for promtool, metrics only.

Exit status: 0 done, 1 failed, 2 used wrongly."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add("--history", type=length, required=True, metavar="LENGTH", help="how much: 90m, 36h, 14d")
    add("--until", type=moment, metavar="TIME", help="where it ends: 2026-01-31T12:00:00Z or Unix seconds (now)")
    add("--step", type=length, default=60.0, metavar="LENGTH", help="between two exports of metrics (60s)")
    add("--spans", action="store_true", help="every span too: 3,000 times the speed of time, not 1,000,000")
    add("--measured", type=Path, metavar="FILE", help="how long things take, measured (shop/virtual/pace.py)")
    add("--scenario", action="append", default=[], metavar="NAME", help="a fault of `shop scenarios`; may come again")
    add("--format", choices=FORMATS, default="arrow", help="of the output (%(default)s)")
    add("--out", default="-", metavar="FILE", help="where it goes; - is standard output (%(default)s)")
    add("--seed", type=int, default=1, metavar="N", help="of all randomness (%(default)d)")
    add("--rate", type=_share(10_000.0), default=RATE, metavar="R", help="mean requests/s of a weekday (%(default)g)")
    add("--daily", type=_share(1.0), default=0.5, metavar="S", help="how far peak and trough lie from it (%(default)g)")
    add("--weekend", type=_share(10.0), default=0.6, metavar="F", help="factor on Saturday and Sunday (%(default)g)")
    add("--noise", type=_share(1.0), default=0.05, metavar="S", help="sigma of the load's own noise (%(default)g)")


def length(text: str) -> float:
    """Read a length of time in seconds: a number with s, m, h or d; a bare number is seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    seconds = float(found[1]) * SECONDS[found[2] or "s"] if found else 0.0
    if not 1.0 <= seconds <= LONGEST_DAYS * SECONDS["d"]:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a length from 1s to {LONGEST_DAYS}d; write it like 90m, 36h or 14d"
        )
    return seconds


def moment(text: str) -> float:
    """Read a time: RFC 3339 with its zone, or Unix seconds."""
    try:
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _zoned(datetime.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write it like 2026-01-31T12:00:00Z, or as Unix seconds"
        ) from None


def run(arguments: argparse.Namespace) -> int:
    """Write the telemetry. Raises BadSetting for options that do not fit."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise BadSetting(f"virtual time needs {' and '.join(missing)}; pip install 'aiops-shop[virtual]'")
    if arguments.spans and arguments.format == "openmetrics":
        raise BadSetting("--spans: OpenMetrics has metrics only; leave it out, or take --format otlp or arrow")
    if arguments.step > arguments.history:
        raise BadSetting("--step is longer than --history; take a shorter step")
    if arguments.format != "openmetrics" and arguments.out == "-" and sys.stdout.isatty():
        raise BadSetting(f"--out: {arguments.format} is nothing to read on a terminal; name a file")
    until = arguments.step * ((arguments.until or time.time()) // arguments.step)
    start = until - arguments.step * (arguments.history // arguments.step)
    slices = _slices(_model(arguments, start, until), arguments, start, until)
    try:
        with _opened(arguments.out) as file:
            for piece in _written(arguments.format)(_watched(slices, start, until)):
                file.write(piece)
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:  # whoever read has left; the interpreter must not try to flush what is left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        raise BadSetting(f"--out: cannot write {arguments.out}: {error.strerror}") from None
    return 0


def _model(arguments: argparse.Namespace, start: float, until: float) -> "Model":
    from shop.virtual.graph import shop
    from shop.virtual.load import Load
    from shop.virtual.pace import PROFILED, Measured
    from shop.virtual.stream import Model
    from shop.virtual.trouble import Timed

    unknown = [name for name in arguments.scenario if name not in SCENARIOS]
    if unknown:
        raise BadSetting(f"--scenario: there is no {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    load = Load(arguments.rate, arguments.daily, arguments.weekend, arguments.noise, arguments.seed)
    apart = (until - start) / (len(arguments.scenario) + 1)
    faults = [
        Timed(fault, start + place * apart, start + place * apart + min(LASTING, apart / 2))
        for place, name in enumerate(arguments.scenario, 1)
        for fault in SCENARIOS[name].faults
    ]
    pace = Measured.read(arguments.measured, arguments.seed) if arguments.measured else PROFILED
    return Model(shop(), load, faults, arguments.seed, pace=pace)


def _slices(model: "Model", arguments: argparse.Namespace, start: float, until: float) -> "Iterator[Slice]":
    from shop.virtual.history import increments

    if arguments.spans:
        return model.slices(start, until, arguments.step)
    return increments(model, start, until, arguments.step, SLICE_STEPS)


def _written(form: str) -> "Callable[[Iterable[Slice]], Iterator[bytes]]":
    from shop.virtual import arrow, openmetrics, otlp

    match form:
        case "arrow":
            return lambda slices: map(arrow.pack, slices)
        case "otlp":
            return lambda slices: (line.encode() for one in slices for line in otlp.lines(one))
    return lambda slices: (piece.encode() for piece in openmetrics.text(slices))


@contextlib.contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    if out != "-":
        with Path(out).open("wb") as file:
            yield file
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _watched(slices: "Iterable[Slice]", start: float, until: float) -> "Iterator[Slice]":
    """Say on a terminal how far it is."""
    seen = sys.stderr.isatty()
    for one in slices:
        yield one
        if seen:
            day = datetime.fromtimestamp(one.end, UTC)
            sys.stderr.write(f"\rshop: {(one.end - start) / (until - start):4.0%}  {day:%Y-%m-%d %H:%M} UTC")
    if seen:
        sys.stderr.write("\n")


def _zoned(time_: datetime) -> float:
    if time_.tzinfo is None:
        raise ValueError("a time has a zone")
    return time_.timestamp()


def _share(most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else -1.0
        if not 0.0 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and {most:g}")
        return number

    return read
