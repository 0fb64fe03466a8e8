"""The pages of an engine that lives through a fault of the catalogue in virtual time: for eyes, or for pictures.

    python -m bench.showing payment-errors                       # serves on http://127.0.0.1:8123 until Ctrl-C
    python -m bench.showing bad-version --after 600 --port 9000  # ten minutes after the fault began
    python -m bench.showing timeout --over                       # and the fault is over since then
    python -m bench.showing payment-errors --days 12             # objectives that were counted for twelve days before
    python -m bench.showing payment-errors --actions FILE        # with what a policy of actions proposes

It prints the address of the newest incident's page. The clock of the engine stands still at the end.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path

from flask import Flask

from aiops.act.policy import ActionPolicy
from aiops.api import create_app
from aiops.bootstrap.actions import load_policy
from aiops.bootstrap.objectives import load_objectives
from aiops.config import Settings
from aiops.engine.objectives import Budgets
from aiops.model import Change, Window
from aiops.observability.telemetry import SOURCES
from aiops.service.actions import Remedies
from aiops.service.system import Installation
from aiops.service.use_cases import UseCases
from aiops.web import add_pages
from bench.rig import STEP, Rig, rig
from shop.catalogue import SCENARIOS
from shop.profile import NEW_VERSION
from shop.virtual.cases import on_shop
from shop.virtual.history import increments
from shop.virtual.stream import Slice

START = 1_763_712_000.0  # a Friday, 08:00 UTC
LEARN, LAST, WATCH = 600.0, 300.0, 240.0  # seconds before the fault, with it, and after it
DAY = 86_400.0
STOPPED, SPARSE = 7200.0, 60.0  # seconds without telemetry after the days before, and between two exports in them
OUTAGE = 1200.0  # seconds for which the fault was there in these days
OBJECTIVES = Path(__file__).parents[1] / "demo-app" / "shop" / "objectives.yaml"


@contextmanager
def lived(name: str, after: float = LAST, over: bool = False, seed: int = 1, days: float = 0.0) -> Iterator[Rig]:
    """An engine so many seconds after a fault began; `over`: it has ended, and the trouble with it. `days`: so long
    before, its objectives were counted, and the fault was there once."""
    with begun(name, after, over, seed, days) as (one, slices):
        for slice_ in slices:
            one.live(slice_)
        yield one


@contextmanager
def begun(
    name: str, after: float = LAST, over: bool = False, seed: int = 1, days: float = 0.0
) -> Iterator[tuple[Rig, Iterator[Slice]]]:
    """An engine at the moment at which a fault begins, and what arrives from then on."""
    fault = START + LEARN
    clear = fault + after
    end = clear + WATCH if over else clear
    with _engine(days) as one:
        _counted_before(one, name, days)
        slices = on_shop(name, seed).model(fault, clear if over else end + STEP).slices(START, end, STEP)
        one.learn(list(islice(slices, int(LEARN / STEP))))
        _deployed(one, name, fault)
        yield one, slices


@contextmanager
def quiet(seconds: float) -> Iterator[Rig]:
    """An engine that lived through so many seconds without a fault."""
    with _engine() as one:
        model = on_shop("payment-errors", 1).model(START + seconds, START)
        one.learn(list(model.slices(START, START + seconds, STEP)))
        yield one


def pages(one: Rig, policy: ActionPolicy | None = None, **more: object) -> Flask:
    """The pages and the API of an engine, with these settings; with a policy, what it proposes is there."""
    built_on = Installation(dict.fromkeys(SOURCES, one.source.traces.store), one.source)
    remedies = Remedies(policy)
    use_cases = UseCases(one.engine, one.store, one.clock.now(), installation=built_on, remedies=remedies)
    use_cases.actions.work()
    settings = Settings.model_validate(more)
    app = create_app(use_cases, settings)
    add_pages(app, use_cases, settings)
    return app


def _engine(days: float = 0.0) -> AbstractContextManager[Rig]:
    return rig(START, retention_hours=48.0 + 24.0 * days, objectives=load_objectives([OBJECTIVES]))


def _counted_before(one: Rig, name: str, days: float) -> None:
    """Count the objectives over the days before, from metrics alone; detection does not see them."""
    if not days:
        return
    end = START - STOPPED
    window = Window(end - days * DAY, end)
    fault = window.start + 0.6 * window.seconds
    for slice_ in increments(on_shop(name, 1).model(fault, fault + OUTAGE), window.start, window.end, SPARSE):
        one.take(slice_)
    budgets = one.engine.budgets
    assert isinstance(budgets, Budgets)
    for _ in budgets.look_back(window, SPARSE):
        pass


def _deployed(one: Rig, name: str, at: float) -> None:
    """Report what a pipeline would report."""
    for fault in SCENARIOS[name].faults:
        if fault.kind in ("version", "deploy"):
            text = "checks cards before it asks the processor"
            one.store.record_change(
                Change(at=at, who="ci", kind="deployment", service=fault.service, version=NEW_VERSION, text=text)
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(SCENARIOS), metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--after", type=float, default=LAST, help="seconds after the fault began (default 300)")
    parser.add_argument("--over", action="store_true", help="the fault ended then, and four minutes have passed")
    parser.add_argument("--days", type=float, default=0.0, help="days before, of which objectives have counts")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--actions", type=Path, metavar="FILE", help="policy of actions")
    arguments = parser.parse_args()
    policy = load_policy(arguments.actions) if arguments.actions else None
    with lived(arguments.name, arguments.after, arguments.over, days=arguments.days) as one:
        for each in one.incidents():
            print(f"http://127.0.0.1:{arguments.port}/incidents/{each.id}  {each.title}", flush=True)
        sys.stdout.flush()
        pages(one, policy).run("127.0.0.1", arguments.port)


if __name__ == "__main__":
    main()
