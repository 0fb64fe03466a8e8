"""What must hold for an engine that works, and the measured value of each check. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiops.cli.smoke.answers import (
    DESCRIPTION,
    HEALTH,
    INCIDENTS,
    METRICS_PATH,
    PAGES,
    READY,
    SERVICES,
    Answer,
    Exposition,
    Round,
    exposition,
    newest_verdict,
)
from aiops.model import names

CYCLES: Final = 3
"""How many of its own cycles an engine may be behind; a healthy one is behind by one."""
ROUNDING: Final = 1.0
"""Seconds: the clock of an answer has whole seconds."""
EXPORT_SECONDS: Final = 120.0
"""Seconds that a verdict may be older than a cycle: metrics are exported once a minute, and complete data may be a
minute behind that."""
DEFAULT_INTERVAL: Final = 15.0
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: a version (empty: any), services by name, and whether telemetry must arrive at all."""

    version: str = ""
    services: tuple[str, ...] = ()
    telemetry: bool = True


@dataclass(frozen=True, slots=True)
class SmokeCheck:
    """`measured` is the value, or what is wrong; `look` is where to look if the check fails, empty where nothing was
    asked."""

    name: str
    ok: bool
    measured: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """The newest cycle of a release that was seen running, its end (0: none), and how many cycles ended since the first
    look."""

    version: str | None = None
    cycle: float = 0.0
    new: int = 0

    def seen(self, found: Exposition) -> "Watch":
        """Take another look into account; begin again where another release answers than before."""
        cycle = found.values.get(names.CYCLE_TIME, 0.0)
        if version_of(found) != self.version:
            return Watch(version_of(found), cycle)
        return replace(self, cycle=cycle, new=self.new + 1) if cycle not in (0.0, self.cycle) else self


def version_of(found: Exposition) -> str:
    """Return the release that runs; "" where it is not given."""
    return found.labels.get(names.ENGINE_INFO, {}).get("version", "")


def checks(seen: Round, watch: Watch, wanted: Wanted, now: float) -> list[SmokeCheck]:
    """Judge one round; `now` replaces the engine's clock where its answers have no time."""
    metrics = exposition(seen[METRICS_PATH])
    now = seen[METRICS_PATH].at or now
    interval = metrics.values.get(names.CYCLE_INTERVAL) or DEFAULT_INTERVAL
    found = [_process(seen[HEALTH], seen.alive)]
    if not seen.alive:
        rest = ("ready", "cycles", "telemetry", "pages", "api", "metrics", "version")
        return found + [
            SmokeCheck(name, False, "not asked") for name in rest if name != "telemetry" or wanted.telemetry
        ]
    found.append(_ready(seen[READY]))
    found.append(_cycles(metrics, watch, interval, now))
    if wanted.telemetry:
        found.append(_telemetry(seen, metrics, wanted.services, EXPORT_SECONDS + CYCLES * interval, now))
    found.append(_pages([(path, seen[path]) for path in PAGES]))
    found.append(_api(seen[INCIDENTS], seen[DESCRIPTION]))
    found.append(_metrics(seen[METRICS_PATH], metrics))
    found.append(_version(version_of(metrics), wanted.version))
    return found


def _process(answer: Answer, alive: bool) -> SmokeCheck:
    look = "is the address right, and does the process run? Its log says why not"
    if alive:
        return SmokeCheck("process", True, f"answers in {1000 * answer.seconds:.0f} ms", look)
    said = f"{answer.said()}: no engine answers so" if answer.status else answer.said()
    return SmokeCheck("process", False, said, look)


def _ready(answer: Answer) -> SmokeCheck:
    ok = answer.ok and answer.json().get("ready") is True
    reasons = answer.json().get("reasons")
    named = "; ".join(dict.fromkeys(map(str, reasons))) if isinstance(reasons, list) else ""
    measured = "sources and stores answer" if ok else named or answer.said()
    return SmokeCheck("ready", ok, measured, "what it names; docs/runbooks/EngineSourceFailing.md")


def _cycles(metrics: Exposition, watch: Watch, interval: float, now: float) -> SmokeCheck:
    look = "docs/runbooks/EngineCycleLate.md"
    last = metrics.values.get(names.CYCLE_TIME, 0.0)
    every = f"one every {interval:g} s"
    if not last:
        return SmokeCheck("cycles", False, f"none has ended yet, {every}", look)
    age = max(now - last, 0.0)
    measured = f"{_length(age)} ago, {every}"
    if failures := metrics.values.get(names.CYCLE_FAILURES, 0.0):
        measured += f", {failures:.0f} failed"
        look = "docs/runbooks/EngineCycleFailing.md"
    if age > CYCLES * interval + ROUNDING:
        return SmokeCheck("cycles", False, measured, look)
    if not watch.new:
        return SmokeCheck("cycles", False, f"{measured}, no new one seen yet", look)
    return SmokeCheck("cycles", True, f"{measured}, {watch.new} seen to end", look)


def _telemetry(seen: Round, metrics: Exposition, wanted: Sequence[str], most: float, now: float) -> SmokeCheck:
    look = (
        "do services send here? OTEL_EXPORTER_OTLP_ENDPOINT, the Collector's log; docs/runbooks/CollectorNotSending.md"
    )
    listed = seen[SERVICES].json().get("services")
    if not seen[SERVICES].ok or not isinstance(listed, list):
        return SmokeCheck("telemetry", False, seen[SERVICES].said(), look)
    there = sorted(str(one.get("service")) for one in listed if isinstance(one, dict))
    if not there:
        return SmokeCheck("telemetry", False, "no service is seen", look)
    if missing := [name for name in wanted if name not in there]:
        return SmokeCheck("telemetry", False, f"{_some(missing)} not among {_some(there)}", look)
    judged = metrics.values.get(names.WATERMARK_TIME, 0.0)
    ages = {f"{len(there)} service{'s' if len(there) > 1 else ''}": judged or None}
    ages |= {name: newest_verdict(seen.verdicts.get(name, Answer())) for name in wanted}
    ok = all(at is not None and now - at <= most for at in ages.values())
    told = (f"{name} {'not judged' if at is None else f'judged {_length(now - at)} ago'}" for name, at in ages.items())
    return SmokeCheck("telemetry", ok, ", ".join(told), look)


def _pages(pages: Sequence[tuple[str, Answer]]) -> SmokeCheck:
    look = "does what stands before the engine (Ingress, proxy) pass every path?"
    for path, answer in pages:
        if not answer.ok:
            return SmokeCheck("pages", False, f"{path}: {answer.said()}", look)
        if not answer.kind.startswith("text/html") or "· aiops</title>" not in answer.body.decode(errors="replace"):
            return SmokeCheck("pages", False, f"{path} is no page of an engine ({answer.said()})", look)
    slowest = max(answer.seconds for _, answer in pages)
    return SmokeCheck("pages", True, f"{' and '.join(path for path, _ in pages)} in {1000 * slowest:.0f} ms", look)


def _api(incidents: Answer, description: Answer) -> SmokeCheck:
    look = "does what stands before the engine (Ingress, proxy) pass /aiops?"
    active, paths = incidents.json().get("active_incidents"), description.json().get("paths")
    if not incidents.ok or not isinstance(active, list):
        return SmokeCheck("api", False, f"{INCIDENTS}: {incidents.said()}", look)
    if not description.ok or not isinstance(paths, dict) or INCIDENTS not in paths:
        return SmokeCheck("api", False, f"{DESCRIPTION}: {description.said()}", look)
    return SmokeCheck("api", True, f"{len(active)} active incidents, {len(paths)} paths described", look)


def _metrics(answer: Answer, metrics: Exposition) -> SmokeCheck:
    look = "is another program at this address?"
    if not len(metrics):
        return SmokeCheck("metrics", False, f"none of an engine's ({answer.said()})", look)
    if lacking := sorted({names.ENGINE_INFO, names.CYCLE_TIME} - metrics.values.keys()):
        return SmokeCheck("metrics", False, f"{', '.join(lacking)} lacking", look)
    return SmokeCheck("metrics", True, f"{len(metrics)} of its own", look)


def _version(runs: str, wanted: str) -> SmokeCheck:
    look = "was the new image rolled out? kubectl rollout status, and the image of the pod"
    if not runs:
        return SmokeCheck("version", False, "not told", look)
    if wanted and runs != wanted:
        return SmokeCheck("version", False, f"{runs}, not {wanted}", look)
    return SmokeCheck("version", True, runs, look)


def _some(all_of: Sequence[str]) -> str:
    more = len(all_of) - NAMED
    return ", ".join(all_of[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _length(seconds: float) -> str:
    """Write a duration for people, no finer than it is known: 3 s, 74 s, 12 min."""
    return f"{max(seconds, 0.0):.0f} s" if seconds < 300 else f"{seconds / 60:.0f} min"
