"""`python -m k8s deploy`: its arguments, its words and its exit status."""

import argparse
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from k8s.deploying import Deployment, Failed, Plan
from k8s.files import CHART, ROOT
from k8s.release import Release
from tools.native.command import UsageError, runner

GO_LENGTH = re.compile(r"(\d+(\.\d+)?(h|m|s))+")
DEPLOY = """\
Install or upgrade the release, try it, and take it back if it does not work: helm upgrade, helm test, aiops smoke; on
any failure helm rollback to the newest revision that passed all three, or helm uninstall where no install ever
succeeded (volumes stay). Where no revision is known to work nothing is taken back. helm and kubectl are those of the
PATH, the cluster is that of KUBECONFIG."""
EPILOG = """\
Exit status: 0 it works, 1 it does not, was interrupted, or could not be tried: what became of it is said; 2 used
wrongly, and nothing was touched."""


def add_deploy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the arguments of `deploy`."""
    add = commands.add_parser("deploy", help="upgrade, try, take back", description=DEPLOY, epilog=EPILOG).add_argument
    add("--namespace", "-n", required=True, metavar="NS", help="made if there is none")
    add("--release", default="aiops", metavar="NAME", help="(%(default)s)")
    add(
        "--chart",
        default=str(CHART),
        metavar="CHART",
        help=f"folder, file or oci:// address ({CHART.relative_to(ROOT)})",
    )
    add("--values", "-f", action="append", default=[], type=_file, metavar="FILE", help="for Helm; may be repeated")
    add("--set", action="append", default=[], metavar="K=V", help="for Helm; may be repeated")
    add("--timeout", default="10m", type=_length, metavar="LENGTH", help="of each of Helm's steps (%(default)s)")
    add(
        "--smoke-url",
        type=_address,
        metavar="URL",
        help="the engine's; without it a port is forwarded to it",
    )
    add("--smoke-timeout", default="120s", type=_whole, metavar="LENGTH", help="(%(default)s)")
    add("--service", action="append", default=[], metavar="NAME", help="that must be judged; may be repeated")
    add("--version", default="", metavar="VERSION", help="of the engine that must run")
    add("--without-telemetry", action="store_true", help="nothing needs to send telemetry yet")


def deploy(arguments: argparse.Namespace) -> int:
    """Deploy and return the exit status."""
    programs = {name: shutil.which(name) for name in ("helm", "kubectl")}
    for name, found in programs.items():
        if found is None:
            return _say(f"{name} is not on the PATH; install it, or name its folder there", 2)
    if arguments.service and arguments.without_telemetry:
        return _say("--service asks for telemetry and --without-telemetry for none; leave one of them out", 2)
    helm = runner(str(programs["helm"]), seconds=None)
    kubectl = str(programs["kubectl"])
    release = Release(arguments.release, arguments.namespace, arguments.timeout, helm, runner(kubectl))
    plan = Plan(
        arguments.chart, tuple(arguments.values), tuple(arguments.set), arguments.smoke_url or "", _smoke(arguments)
    )
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {text}\n")
        sys.stdout.flush()

    signal.signal(signal.SIGTERM, _interrupt)
    deployment = Deployment(release, plan, kubectl, say)
    try:
        deployment.run()
    except (Failed, UsageError) as error:
        return _say(str(error), 1)
    except KeyboardInterrupt:
        return _say(deployment.left(), 1)
    return 0


def _smoke(arguments: argparse.Namespace) -> tuple[str, ...]:
    found = [f"--timeout={arguments.smoke_timeout}", *(f"--service={one}" for one in arguments.service)]
    if arguments.version:
        found.append(f"--version={arguments.version}")
    if arguments.without_telemetry:
        found.append("--without-telemetry")
    return tuple(found)


def _say(text: str, status: int) -> int:
    sys.stderr.write(f"k8s: {text}\n")
    return status


def _length(text: str) -> str:
    if not GO_LENGTH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a length like 90s or 10m")
    return text


def _whole(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d*[smh]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a length like 90s or 10m")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address like https://aiops.example.org")
    return text


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
