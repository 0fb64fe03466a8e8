"""What an engine exposes is what its registry of metrics says, both ways."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import aiops
from aiops.model import Actor, Change
from aiops.model.own_metrics import EDGE, OWN_METRICS, VERDICT, Exposed, InstrumentKind
from aiops.sources.prometheus.verdicts import NUMBERS

from .world import World

WITHOUT_SAMPLES = {
    "aiops_alertmanager_posts_total",
    "aiops_drill_detection_seconds",
    "aiops_drill_last_found_timestamp_seconds",
    "aiops_drill_last_run_timestamp_seconds",
    "aiops_drill_runs_total",
    "aiops_notifications_failing_seconds",
    "aiops_notifications_total",
    "aiops_notifications_waiting",
    "aiops_received_faults",
    "aiops_sender_oddity",
    "aiops_series_dropped_total",
    "aiops_slo_projected_left_ratio",
}
"""Of an engine that nothing is sent wrongly, without drills, an Alertmanager and channels of notifications, whose
objective has no calendar period."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


def test_what_is_exposed_is_what_is_registered(world: World) -> None:
    world.live(40, every=4)
    world.failing = 0.9
    world.live(6)
    use_cases = world.use_cases
    now = world.clock.now()
    deployment = Change(at=now, who="ci", kind="deployment", service="payment", version="2", text="")
    use_cases.incidents.record_change(deployment, Actor("ci"))
    world.engine.telemetry.about("http://127.0.0.1:8000")
    use_cases.operation.after_cycle()
    text = world.engine.telemetry.exposition().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name
        if family.type == "counter":
            name += "_total"
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if not name.endswith("_created"):
            found[name] = (family.type, family.documentation, labels if family.samples else None)
    registered = {one.name: one for one in OWN_METRICS if one.exposed == Exposed.SCRAPED}
    assert found.keys() == registered.keys()
    for name, (kind, about, labels) in found.items():
        one = registered[name]
        shown = InstrumentKind.GAUGE if one.kind == InstrumentKind.INFO else one.kind
        assert (kind, about) == (shown, one.help), name
        assert labels is None if name in WITHOUT_SAMPLES else labels == set(one.labels), name


def test_no_metric_is_named_anywhere_else() -> None:
    package = Path(aiops.__file__).parent
    homes = {package / "model" / "own_metrics.py", package / "model" / "names.py"}
    named = re.compile(r"[\"'](aiops_[a-z_]+)[\"']")
    known = {one.name for one in OWN_METRICS}
    for path in package.rglob("*.py"):
        if path not in homes:
            assert not set(named.findall(path.read_text())) & known, path


def test_what_is_sent_is_registered() -> None:
    assert set(NUMBERS) == set(VERDICT)
    sent = {one.name for one in OWN_METRICS if one.exposed == Exposed.SENT}
    assert sent == {one.name for one in (*VERDICT.values(), *EDGE.values())}
    assert len({one.name for one in OWN_METRICS}) == len(OWN_METRICS)
