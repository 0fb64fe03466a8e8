"""`python -m tools.native`: the stack on this machine, until Ctrl-C."""

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tools.native.addresses import BadAddress
from tools.native.build import ensure
from tools.native.components import CannotRender, Options
from tools.native.go import NoGo
from tools.native.process import NotReady
from tools.native.progress import BuildFailed
from tools.native.stack import InUse, Stack, say

DATA = Path("~/.local/share/aiops/stack")
EPILOG = """\
On the first run Prometheus, Alertmanager and the Collector are built from source, which takes minutes and needs Go
1.26 or Python's package index; after that a start takes seconds. Tempo is used if `tempo` is on the PATH; otherwise the
engine keeps the traces itself. Everything listens on 127.0.0.1 alone.

  make stack STACK_ARGS="--shop"                    with five services under load, to have something to look at
  make stack STACK_ARGS="--port-offset 20000 --data-dir /tmp/second"    a second stack beside the first
  SLACK_URL_FILE=~/slack-url make stack             alerts to Slack (alertmanager/render.sh lists e-mail and the rest)

Configuration is read from prometheus/, alertmanager/, otel-collector/ and tempo/, the same files that compose reads.
Logs are in DIR/logs, one file a component.

Exit status: 0 stopped by Ctrl-C, 1 something did not build or did not come up, 2 used wrongly or a port is in use."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stack and return the exit status."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        programs = ensure()
        options = Options(
            programs,
            arguments.data_dir.expanduser().absolute(),
            arguments.port_offset,
            engine=not arguments.without_engine,
            shop=arguments.shop,
            rate=arguments.rate,
        )
        stack = Stack(options)
        say(f"starting {', '.join(stack.components)}")
        stack.start()
    except (BadAddress, InUse) as error:
        say(f"native: {error}")
        return 2
    except (NoGo, BuildFailed, NotReady, CannotRender) as error:
        say(f"native: {error}")
        return 1
    except OSError as error:
        say(f"native: {error.filename}: {error.strerror}; give --data-dir a folder that can be written")
        return 2
    except KeyboardInterrupt:
        say("native: stopped before everything was up")
        return 1
    return _until_interrupted(stack)


def table(stack: Stack) -> str:
    """Addresses for people, one a line."""
    rows = [row for one in stack.components.values() for row in one.shown.items()]
    width = max(len(what) for what, _ in rows)
    return "\n".join(f"  {what:<{width}}  {url}" for what, url in rows)


def _until_interrupted(stack: Stack) -> int:
    try:
        say(f"\n{table(stack)}\n\nlogs in {stack.options.data / 'logs'}; Ctrl-C ends everything\n")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("stopping" + (" (Tempo takes half a minute)" if "tempo" in stack.components else ""))
    try:
        stack.stop()
    except KeyboardInterrupt:
        say("killing what is left")
        for name in stack.components:
            stack.kill(name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make stack",
        description="Run the whole stack on this machine, without containers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--shop", action="store_true", help="run the demo shop and its load as well")
    parser.add_argument(
        "--rate", type=float, default=8.0, metavar="R", help="the shop's requests a second (%(default)g)"
    )
    parser.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port")
    parser.add_argument("--data-dir", type=Path, default=DATA, metavar="DIR", help=f"where everything is kept ({DATA})")
    parser.add_argument("--without-engine", action="store_true", help="do not start `aiops run`")
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
