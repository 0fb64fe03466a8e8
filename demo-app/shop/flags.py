"""Flag files: the faults in force, where every process of the shop finds them, also one that has just started.

`<run dir>/<service>.<kind>.fault` holds a fault and the Unix times at which it began and ends (`null`: when the file
goes). Whoever obeys a fault looks at the files, those of its own process about ten times a second; the gateway takes
them away, also for a service that is away or whose port is closed.
"""

import json
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shop.catalogue import Fault
from shop.settings import Settings

SUFFIX = ".fault"
POLL_SECONDS = 0.1
READS = 20  # of a flag, while it is taken away


@dataclass(frozen=True, slots=True)
class Active:
    """A fault in force, with the Unix times at which it began and ends (None: when cleared)."""

    fault: Fault
    since: float
    until: float | None

    def as_json(self) -> dict[str, object]:
        """Return the entry of `/simulate/status`."""
        return {**self.fault.as_json(), "since": _iso(self.since), "until": _iso(self.until)}


class Flags:
    """The flag files of one run directory."""

    def __init__(self, run_dir: Path) -> None:
        self._dir = run_dir
        self._dir.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of(cls, settings: Settings) -> "Flags | None":
        """Return those that a process looks at; None when faults are off or there is no run directory."""
        return cls(settings.run_dir) if settings.run_dir is not None and settings.faults else None

    def raise_(self, active: Active) -> None:
        """Raise a flag, whole or not at all: readers never see half a file."""
        path = self._dir / f"{active.fault.service}.{active.fault.kind}{SUFFIX}"
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        fields = {**active.fault.as_json(), "since": active.since, "until": active.until}
        draft.write_text(json.dumps(fields), encoding="utf-8")
        draft.replace(path)

    def lower(self, service: str, kind: str | None = None) -> None:
        """Take a service's flags away, or one of them."""
        for path in self._paths(service):
            if kind is None or path.name == f"{service}.{kind}{SUFFIX}":
                _unlink(path)

    def raised(self, service: str, now: float) -> tuple[Active, ...]:
        """Return a service's flags that stand at `now`, oldest first."""
        flags = []
        for path in self._paths(service):
            try:
                fields = json.loads(path.read_text(encoding="utf-8"))
            except (FileNotFoundError, PermissionError):  # the second: on Windows, while it is taken away
                continue
            since, until = fields.pop("since"), fields.pop("until")
            if until is None or until > now:
                flags.append(Active(Fault(**fields), since, until))
        return tuple(sorted(flags, key=lambda active: active.since))

    def stands(self, service: str, kind: str, now: float) -> bool:
        """Return whether one flag stands at `now`."""
        return any(active.fault.kind == kind for active in self.raised(service, now))

    def _paths(self, service: str) -> list[Path]:
        """Return the files of a service; every request looks, so this is no glob, which costs five times as much."""
        names = os.listdir(self._dir)  # noqa: PTH208
        return [self._dir / name for name in names if name.startswith(f"{service}.") and name.endswith(SUFFIX)]


def _unlink(path: Path) -> None:
    """Take a file away; on Windows that fails while somebody reads it."""
    for _ in range(READS):
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            time.sleep(POLL_SECONDS / READS)
        else:
            return
    path.unlink(missing_ok=True)


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
