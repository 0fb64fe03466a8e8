"""The first line of a capture: what the engine knew beside telemetry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiops.model import Change, iso
from aiops.model.errors import InvalidInput
from aiops.presentation.documents.base import Json
from aiops.sources.files.exports import CAPTURE

VERSION: Final = 1


class BadCapture(InvalidInput):
    """A first line that is not understood."""


@dataclass(frozen=True, slots=True)
class Capture:
    """The changes of the time, and the objectives as OpenSLO documents (YAML)."""

    changes: tuple[Change, ...] = ()
    objectives: str = ""


def about(since: float, until: float, kept: Capture, incident: Json) -> Json:
    """Return the first line. `incident` says what was found then, to compare with."""
    return {
        CAPTURE: {
            "version": VERSION,
            "since": iso(since),
            "until": iso(until),
            "incident": incident,
            "changes": [
                {"at": iso(one.at), "kind": one.kind, "service": one.service, "version": one.version, "text": one.text}
                for one in kept.changes
            ],
            "objectives": kept.objectives,
        }
    }


def captured(found: Iterable[Mapping[str, Any]]) -> Capture:
    """Read the first lines of captures; of several all changes and objectives count. Raises BadCapture."""
    changes: list[Change] = []
    objectives: list[str] = []
    for one in found:
        if one.get("version") != VERSION:
            raise BadCapture(f"the capture is of version {one.get('version')!r}, and this release reads {VERSION}")
        try:
            changes += [_change(each) for each in one.get("changes", [])]
            objectives.append(str(one.get("objectives") or ""))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadCapture(f"the first line of the capture has no changes as they should be: {error!r}") from None
    return Capture(tuple(changes), "\n---\n".join(one for one in objectives if one))


def _change(of: Mapping[str, Any]) -> Change:
    at = datetime.fromisoformat(of["at"]).timestamp()
    return Change(
        at=at,
        who="capture",
        kind=of["kind"],
        service=of["service"],
        version=of.get("version") or "",
        text=of.get("text") or "",
    )
