"""A public day of labelled traces: Online Boutique on 2022-08-22, 24 faults, one service each.

Yu et al., "Nezha: interpretable fine-grained root causes analysis for microservices on multi-modal observability data",
FSE 2023. A case is a fault of `fault_list.json` of which at least one of its three minutes is there; its bad traces
began after the injection, in those minutes. All other minutes of the day that are there belong to other faults, so the
good traces are those of the fault-free minute in `normal/`, as in the publication, moved to end a minute before.

Spans have neither kind nor status: a child in another pod than its parent is SERVER and its parent CLIENT, roots are
SERVER, all others INTERNAL; nothing fails. Where the rule finds no symptom (faults of code change nothing that it
counts), the engine is asked about the entry. `python -m bench.explain.nezha` is started for each engine by itself.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiops.model import Span, SpanKind, Trace
from bench.explain.anatomy import Evidence, anatomies
from bench.explain.comparators import COMPARATORS
from bench.explain.measures import interval, paired
from bench.explain.ours import answer, compared, ranking
from bench.explain.symptoms import Drawing, Seen, asked, seen
from bench.explain.tables import BEFORE, COMPARED, NOW
from bench.explain.worker import PACKAGE, ROOT, WINDOW

MINUTES: Final = 3
PLACES: Final = (1, 3, 5)


class NoData(Exception):
    """The folder does not have the day."""


@dataclass(frozen=True, slots=True)
class Day:
    """One fault: when and where it was injected, of what type, and its traces."""

    at: float
    service: str
    type: str
    bad: tuple[Trace, ...]
    good: tuple[Trace, ...]

    @property
    def name(self) -> str:
        return f"{datetime.fromtimestamp(self.at, UTC):%H:%M} {self.type} in {self.service}"


def days(folder: Path) -> Iterator[Day]:
    """The cases, by time. Raises NoData."""
    listed, normal = folder / "fault_list.json", sorted((folder / "normal").glob("*_trace.csv.gz"))
    if not listed.exists() or not normal:
        raise NoData(f"{folder} has no fault_list.json and normal/*_trace.csv.gz: it is not the day of Nezha")
    usual = _read(normal[0])
    faults = [one for hour in json.loads(listed.read_text("utf-8")).values() for one in hour]
    for fault in sorted(faults, key=lambda one: one["inject_time"]):
        begin = datetime.fromisoformat(fault["inject_time"]).replace(tzinfo=UTC)
        files = [folder / f"trace/{begin + timedelta(minutes=more):%H_%M}_trace.csv.gz" for more in range(MINUTES)]
        at = begin.timestamp()
        bad = tuple(one for file in files if file.exists() for one in _read(file) if one.spans[0].start >= at)
        if bad:
            ends = max(span.end for one in usual for span in one.spans)
            good = tuple(_moved(one, at - 60.0 - ends) for one in usual)
            yield Day(at, service_of(fault["inject_pod"]), fault["inject_type"], bad, good)


def service_of(pod: str) -> str:
    """The deployment of a pod: its name without the hashes of replica set and pod."""
    return pod.rsplit("-", 2)[0]


def judged(folder: Path, by: str, others: bool) -> list[dict[str, Any]]:
    """Of every case the services that the engine, and competitors, name."""
    rows = []
    for day in days(folder):
        traces = (*day.good, *day.bad)
        until = max(span.end for one in day.bad for span in one.spans)
        found = seen(traces, day.at, until, day.at - 900.0)
        if not found.findings:
            found = _asked(found, day, until)
        groups, drawn = answer(found, Drawing(traces), {})
        first = next((one for one in groups if one.service), None)
        said = (
            f"{first.kind} {first.caller + ' > ' if first.caller else ''}{first.service} ({first.sure:.2f})"
            if first
            else ""
        )
        row = {"case": day.name, "truth": day.service, "findings": len(found.findings), "forced": found.forced}
        rows.append({**row, "by": by, "named": ranking(groups)[:10], "said": said, "groups": len(groups)})
        if by == NOW and (services := compared(day.good, day.bad)) is not None:
            rows.append({**row, "by": COMPARED, "named": services[:10], "said": "", "groups": 0})
        if others:
            on = Evidence(anatomies(drawn.bad, WINDOW), anatomies(drawn.good, WINDOW), anatomies(day.bad, WINDOW),
                          anatomies(day.good, WINDOW), {}, int(day.at))  # fmt: skip
            rows += [
                {**row, "by": name, "named": blame(on)[:10], "said": "", "groups": 0}
                for name, blame in COMPARATORS.items()
            ]
    return rows


def measured(folder: Path, against: Path | None) -> dict[str, Any]:
    """What is kept of the day."""
    if not (folder / "fault_list.json").exists():
        raise NoData(f"{folder} has no fault_list.json: it is not the day of Nezha")
    rows = _elsewhere(ROOT, folder, NOW, True)
    rows += _elsewhere(against, folder, BEFORE, False) if against else []
    by: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by[row["by"]].append(row)
    shares = {name: {place: [_hit(row, place) for row in mine] for place in PLACES} for name, mine in by.items()}
    lines = [
        f"- {row['case']}: {'right' if _hit(row, 1) else 'named: ' + (row['said'] or 'nothing')}, "
        f"{row['findings']} findings{' (asked)' if row['forced'] else ''}"
        for row in by[NOW]
    ]
    return {
        "cases": len(by[NOW]),
        "all": {
            name: {
                **{f"as{place}": interval(found[place]) for place in PLACES},
                "better": paired(shares[NOW][1], found[1]),
            }
            for name, found in shares.items()
        },
        "lines": lines,
    }


def _hit(row: dict[str, Any], places: int) -> float:
    return float(row["truth"] in row["named"][:places])


def _asked(found: Seen, day: Day, until: float) -> Seen:
    root = day.bad[0].spans[0]
    return replace(found, findings=(asked((*day.good, *day.bad), root, day.at, until),), forced=True)


def _read(file: Path) -> tuple[Trace, ...]:
    """The traces of a file, by start."""
    by_trace: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            by_trace[row["TraceID"]].append(row)
    found = [_trace(name, rows) for name, rows in by_trace.items() if any(row["ParentID"] == "root" for row in rows)]
    return tuple(sorted(found, key=lambda one: (one.spans[0].start, one.trace_id)))


def _trace(name: str, rows: Sequence[dict[str, str]]) -> Trace:
    pods = {row["SpanID"]: row["PodName"] for row in rows}
    calling = {row["ParentID"] for row in rows if pods.get(row["ParentID"], row["PodName"]) != row["PodName"]}
    spans = []
    for row in rows:
        kind = SpanKind.INTERNAL
        if row["ParentID"] == "root" or pods.get(row["ParentID"], row["PodName"]) != row["PodName"]:
            kind = SpanKind.SERVER
        elif row["SpanID"] in calling:
            kind = SpanKind.CLIENT
        service = service_of(row["PodName"])
        spans.append(Span(
            trace_id=name, span_id=row["SpanID"], parent_id="" if row["ParentID"] == "root" else row["ParentID"],
            service=service, name=row["OperationName"], kind=kind, start=int(row["StartTimeUnixNano"]) / 1e9,
            duration=int(row["Duration"]) / 1e6, instance=row["PodName"],
            resource={"service.name": service, "service.instance.id": row["PodName"]},
        ))  # fmt: skip
    return Trace(name, tuple(sorted(spans, key=lambda one: (one.start, one.span_id))))


def _moved(trace: Trace, seconds: float) -> Trace:
    return Trace(trace.trace_id, tuple(replace(one, start=one.start + seconds) for one in trace.spans))


def _elsewhere(tree: Path, folder: Path, by: str, others: bool) -> list[dict[str, Any]]:
    path = os.pathsep.join([str((tree / PACKAGE).resolve()), str(ROOT)])
    with tempfile.TemporaryDirectory() as between:
        out = Path(between, "rows.json")
        command = [sys.executable, "-m", "bench.explain.nezha", str(folder.resolve()), str(out), by, str(int(others))]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=True)
        found: list[dict[str, Any]] = json.loads(out.read_text("utf-8"))
    return found


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(
        json.dumps(judged(Path(sys.argv[1]), sys.argv[3], sys.argv[4] == "1")), encoding="utf-8"
    )
