"""A fault against live processes, from its injection until the incident is over."""

import html
import time
from typing import Any

import requests

from aiops.cli.demo.judge import compare
from aiops.testing.waiting import until

from .conftest import Platform


def live_through(platform: Platform, name: str) -> None:
    """Inject a scenario; see it found within a minute, explained as its truth says, and resolved after its end."""
    scenario = platform.scenarios[name]
    before = {one["id"]: one["occurrences"] for one in platform.all()}
    platform.shop.inject(scenario)
    started = time.monotonic()
    try:
        until(platform.active, 60, "an incident is found")
        found = time.monotonic() - started
        until(lambda: compare(scenario.truth, platform.active()).perfect, 60, f"{said(platform)} is as the truth says")
        named = time.monotonic() - started
        hold = time.monotonic() + 10  # while the fault lasts, nothing else may open
        until(lambda: time.monotonic() > hold, 20, "the fault to last")
        verdict = compare(scenario.truth, platform.active())
        assert verdict.perfect, said(platform)
        for _, incident in verdict.right:  # the page says the same
            page = requests.get(f"{platform.url}/incidents/{incident['id']}", timeout=10)
            assert page.ok
            assert html.escape(incident["title"]) in page.text
    finally:
        platform.shop.clear()
    cleared = time.monotonic()
    until(lambda: not platform.active(), 120, f"{said(platform)} resolves")
    resolved = time.monotonic() - cleared
    calm = time.monotonic() + 20  # the return to normal is no incident of its own
    until(lambda: platform.active() or time.monotonic() > calm, 40, "calm")
    ours = [one for one in platform.all() if one["occurrences"] > before.get(one["id"], 0)]
    print(f"{name}: found after {found:.1f} s, named after {named:.1f} s, resolved {resolved:.1f} s after the clear")
    assert len(ours) == len(scenario.truth), [(one["id"], one["title"], one["resolution"]) for one in ours]
    for expected, incident in verdict.right:
        assert set(expected.affected) <= set(incident["affected_services"])
        assert incident["root_cause"]["confidence"] >= 0.5
        if expected.kind != "latency":
            assert incident["first_failing_span"] is not None


def said(platform: Platform) -> list[tuple[Any, ...]]:
    """What the engine says now."""
    return [
        (one["title"], (one["root_cause"] or {}).get("service"), (one["root_cause"] or {}).get("confidence"))
        for one in platform.active()
    ]
