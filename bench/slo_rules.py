"""What it costs a real Prometheus to evaluate the rules of a fleet's objectives: ours, and other generators' forms."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from aiops import slo
from aiops.bootstrap import objectives
from aiops.cli.slo.files import dumped
from aiops.http import Endpoint
from aiops.model.errors import SourceError
from aiops.sources.prometheus.client import PrometheusClient
from bench import slo_forms
from bench.slo_fleet import METRIC, TARGET, Feeder, Fleet, Traffic
from tools.native.alone import CONFIGURATION, LonePrometheus
from tools.native.build import ensure

LIMIT: Final = 60.0  # seconds between evaluations
OURS: Final = "ours"
NONE: Final = "no rules"
PATIENCE: Final = 3  # intervals that a group may take until its first evaluation
LINE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
GROUP: Final = re.compile(r'rule_group="[^"]*;([^";]+)"')

Metrics = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Form:
    """Rule groups by one generator. `longest` and `day` are expressions for burn rates of all objectives: over the
    longest window that alerts ask for, and over about a day."""

    name: str
    groups: list[dict[str, Any]]
    longest: str
    day: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure: days of history, and seconds between evaluations in place of the groups' own (0: their own)."""

    days: float
    every: float

    @property
    def unit(self) -> float:
        """Seconds that CPU and samples are given for: a minute, or in which all groups are evaluated once."""
        return self.every or 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """`once`: seconds of one evaluation of every group; `minute`: of those that are due in a minute, by their own
    intervals. `cpu` (seconds) and `samples`: in a unit of the plan. `others`: the share of the machine that other
    programs took meanwhile."""

    rules: int
    once: float
    minute: float
    slowest: float
    cpu: float
    samples: float
    missed: int
    failed: int
    never: int
    compactions: int
    memory: float
    others: float
    seen: int
    burn: float


def run(fleet: Fleet, folder: Path, say: Callable[[str, str], None], told: Callable[[str], None], plan: Plan) -> bool:
    """Measure each form on the same data, print it; returns whether ours keep to the interval and nothing failed."""
    programs = ensure()
    home = folder / "prometheus"
    (home / "rules").mkdir(parents=True)
    end = int(time.time()) // 60 * 60
    traffic = Traffic(fleet, end - round(plan.days * 86_400), end)
    samples = traffic.history(programs["promtool"], folder, home / "data", told)
    say("history", f"{plan.days:g} d every {fleet.export} s, {samples / 1e6:.1f} million samples; "
        "windows that are longer read no more than that")  # fmt: skip
    prometheus = LonePrometheus(programs["prometheus"], home, _configuration(plan))
    try:
        bench = _Bench(prometheus, home, traffic, plan, told)
        idle = bench.idle()
        costs: dict[str, Cost] = {}
        for form in _forms(fleet, folder):
            try:
                costs[form.name] = bench.measure(form)
            except (RuntimeError, SourceError, requests.RequestException) as error:
                say(form.name, f"FAILED: {error}")
    finally:
        prometheus.close()
    if OURS not in costs:
        say("nothing to compare", "ours failed")
        return False
    _print(costs, idle, len(fleet.objectives), plan, say)
    ours = costs[OURS]
    return (
        ours.minute <= LIMIT and not (ours.failed or ours.never or ours.missed) and ours.seen == len(fleet.objectives)
    )


def _configuration(plan: Plan) -> str:
    """That of a lone Prometheus, keeping as much as there is, with rules."""
    keep = f"    retention:\n      time: {max(15, round(plan.days) + 2)}d\n"
    return f"{CONFIGURATION}{keep}rule_files: [rules/*.yml]\n"


def _forms(fleet: Fleet, folder: Path) -> list[Form]:
    source = folder / "evaluated"
    fleet.write(source)
    allowed = f"(1-{TARGET})"
    longest, day = (slo_forms.pyrra_burn(window) for window in (slo_forms.pyrra_windows()[-1], 1543 * 60))
    return [
        Form(
            OURS,
            slo.groups(objectives.load_objectives([source]).slos, slo.Links()),
            "slo:burn_rate:ratio_rate3d",
            "slo:burn_rate:ratio_rate1d",
        ),
        Form(
            "sloth's form",
            slo_forms.sloth(fleet.objectives),
            f"slo:sli_error:ratio_rate3d / {allowed}",
            f"slo:sli_error:ratio_rate1d / {allowed}",
        ),
        Form("pyrra's form", slo_forms.pyrra(fleet.objectives), f"{longest} / {allowed}", f"{day} / {allowed}"),
    ]


class _Bench:
    """One Prometheus, started anew with the rules of each form, and fed all the while."""

    def __init__(
        self, prometheus: LonePrometheus, home: Path, traffic: Traffic, plan: Plan, told: Callable[[str], None]
    ) -> None:
        self._prometheus, self._home, self._plan, self._told = prometheus, home, plan, told
        self._api = PrometheusClient(Endpoint(name="Prometheus", url=prometheus.url, timeout_seconds=60))
        self._feeder = Feeder(traffic, self._api.write_otlp)
        self._fleet = traffic.fleet
        counter = f"count({METRIC}_count)"
        series = len(traffic.fleet.objectives) * traffic.fleet.instances * 2
        for at, what in (traffic.end - 60, "in the history"), (None, "with what is sent now"):
            if at is None:
                self._feeder.until(time.time())
            found = self._api.instant(counter, at or time.time())
            if not found or round(found[0].value) != series:
                raise RuntimeError(f"{found[0].value if found else 0:.0f} counters {what}, not {series}")

    def idle(self) -> float:
        """Seconds of CPU without rules, in a unit, once what was imported has settled."""
        self._told(f"{NONE}: what Prometheus takes by itself")
        length = self._plan.every or LIMIT
        self._feeder.until(time.time() + length)
        before = self._metrics()
        self._feeder.until(time.time() + length)
        return _rise(before, self._metrics(), "process_cpu_seconds_total") * self._plan.unit / length

    def measure(self, form: Form) -> Cost:
        """Evaluate the rules of a form until each group has been, then for two of the longest intervals at most."""
        own = {group["name"]: _seconds(group.get("interval", "1m")) for group in form.groups}
        every, unit = self._plan.every, self._plan.unit
        groups = [{**group, "interval": f"{every:g}s"} for group in form.groups] if every else form.groups
        self._prometheus.kill()
        (self._home / "rules" / "slo.yml").write_text(dumped({"groups": groups}), encoding="utf-8")
        self._prometheus.start()
        longest = every or max(own.values())
        until = time.time() + PATIENCE * longest
        while (left := self._left(own)) and time.time() < until:
            self._told(f"{form.name}: {left} of {len(own)} groups are still to be evaluated")
            self._feeder.until(time.time() + min(5.0, longest))
        self._told(f"{form.name}: measured")
        length = max(longest, (every or LIMIT) * 2)
        before, busy = self._metrics(), _busy()
        self._feeder.until(time.time() + length)
        after, busy = self._metrics(), _busy() - busy
        cpu = _rise(before, after, "process_cpu_seconds_total")
        lasted = _by_group(after["prometheus_rule_group_last_duration_seconds"])
        seen = self._api.instant(f"count({form.longest} >= 0)", time.time())
        burn = self._api.instant(f"avg({form.day})", time.time())
        return Cost(
            rules=sum(len(group["rules"]) for group in form.groups),
            once=sum(lasted.values()),
            minute=sum(took * 60 / own[name] for name, took in lasted.items()),
            slowest=max(lasted.values()),
            cpu=cpu * unit / length,
            samples=_rise(before, after, "prometheus_engine_query_samples_total")
            * (every / length if every else 60 / length),
            missed=round(_rise(before, after, "prometheus_rule_group_iterations_missed_total")),
            failed=round(_rise({}, after, "prometheus_rule_evaluation_failures_total")),
            never=self._left(own),
            compactions=round(_rise(before, after, "prometheus_tsdb_compactions_total")),
            memory=sum(after["process_resident_memory_bytes"].values()) / 2**20,
            others=max(0.0, busy - cpu) / length / (os.cpu_count() or 1),
            seen=round(seen[0].value) if seen else 0,
            burn=burn[0].value if burn else float("nan"),
        )

    def _left(self, groups: dict[str, float]) -> int:
        """Groups that were never evaluated."""
        done = _by_group(self._metrics().get("prometheus_rule_group_last_evaluation_timestamp_seconds", {}))
        return sum(done.get(name, 0) <= 0 for name in groups)

    def _metrics(self) -> Metrics:
        out: Metrics = {}
        text = requests.get(f"{self._prometheus.url}/metrics", timeout=60).text
        for name, labels, value in LINE.findall(text):
            out.setdefault(name, {})[labels] = float(value)
        return out


def _busy() -> float:
    """Seconds of CPU that programs other than this one have used, on all cores; a virtual machine's stolen time too."""
    times, own = psutil.cpu_times(), psutil.Process().cpu_times()
    idle = sum(getattr(times, one, 0.0) for one in ("idle", "iowait", "guest", "guest_nice"))
    return float(sum(times) - idle - own.user - own.system)


def _by_group(values: dict[str, float]) -> dict[str, float]:
    return {found[1]: value for labels, value in values.items() if (found := GROUP.search(labels))}


def _rise(before: Metrics, after: Metrics, name: str) -> float:
    return sum(after.get(name, {}).values()) - sum(before.get(name, {}).values())


def _seconds(interval: str) -> float:
    return float(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]


def _print(costs: dict[str, Cost], idle: float, count: int, plan: Plan, say: Callable[[str, str], None]) -> None:
    def row(label: str, text: Callable[[Cost], str], limit: str = "") -> None:
        say(label, "".join(f"{text(one):>16}" for one in costs.values()) + f"  {limit}")

    ours = costs[OURS]
    say(f"evaluated by Prometheus, {count:,} objectives", "".join(f"{name:>16}" for name in costs))
    row("  rules", lambda one: f"{one.rules:,}")
    row("  all groups once, one after another", lambda one: f"{one.once:.2f} s")
    row("    ratio to ours", lambda one: f"{one.once / ours.once:.2f}")
    row("  what is due in a minute", lambda one: f"{one.minute:.2f} s", f"at most {LIMIT:.0f} s")
    row("    ratio to that limit", lambda one: f"{one.minute / LIMIT:.3f}", "1.00")
    row("    ratio to ours", lambda one: f"{one.minute / ours.minute:.2f}")
    row("  slowest group", lambda one: f"{one.slowest * 1000:.0f} ms")
    per = "all groups once" if plan.every else "a minute"
    row(f"  samples read, {per}", lambda one: f"{one.samples / 1e6:.2f} M")
    row("    ratio to ours", lambda one: f"{one.samples / ours.samples:.2f}")
    cores = os.cpu_count() or 1
    most = "" if plan.every else f"at most {60 * cores} s; "
    row(f"  CPU, {per}", lambda one: f"{one.cpu:.2f} s", f"{most}without rules {idle:.2f} s")
    row("    ratio to ours, less that", lambda one: f"{(one.cpu - idle) / (ours.cpu - idle):.2f}")
    row("  memory, RSS at the end", lambda one: f"{one.memory:.0f} MB")
    row("  the machine, taken by other programs meanwhile", lambda one: f"{one.others:.0%}")
    row("  evaluations missed", lambda one: f"{one.missed}", "0")
    row("  evaluations failed", lambda one: f"{one.failed}", "0")
    row("  groups never evaluated", lambda one: f"{one.never}", "0")
    row("  objectives with a burn rate, longest window", lambda one: f"{one.seen:,}", f"{count:,}")
    row("  mean burn rate over a day", lambda one: f"{one.burn:.3f}")
    if any(one.compactions for one in costs.values()):
        row("  blocks compacted meanwhile, on top", lambda one: f"{one.compactions}", "0")
