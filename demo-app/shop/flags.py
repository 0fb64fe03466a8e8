"""Flag files: faults of a process that it cannot be told about over HTTP, because it is away or its port is closed.

`<run dir>/<service>.<kind>.fault` holds the Unix times at which the fault began and ends (`null`: when the file goes).
Services and supervisor look at them about ten times a second; the gateway takes them away.
"""

import json
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".fault"
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Flag:
    """A raised flag."""

    kind: str
    since: float
    until: float | None


class Flags:
    """The flag files of one run directory."""

    def __init__(self, run_dir: Path) -> None:
        self._dir = run_dir
        self._dir.mkdir(parents=True, exist_ok=True)

    def raise_(self, service: str, kind: str, since: float, until: float | None) -> None:
        """Raise a flag, whole or not at all: readers never see half a file."""
        path = self._dir / f"{service}.{kind}{SUFFIX}"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"since": since, "until": until}), encoding="utf-8")
        draft.replace(path)

    def lower(self, service: str) -> None:
        """Take a service's flags away."""
        for path in self._dir.glob(f"{service}.*{SUFFIX}"):
            path.unlink(missing_ok=True)

    def raised(self, service: str, now: float) -> tuple[Flag, ...]:
        """Return a service's flags that stand at `now`."""
        flags = []
        for path in self._dir.glob(f"{service}.*{SUFFIX}"):
            try:
                times = json.loads(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            flag = Flag(path.name.split(".")[1], times["since"], times["until"])
            if flag.until is None or flag.until > now:
                flags.append(flag)
        return tuple(flags)

    def stands(self, service: str, kind: str, now: float) -> bool:
        """Return whether one flag stands at `now`."""
        return any(flag.kind == kind for flag in self.raised(service, now))
