"""The file of drills: what to cause, and which incident must follow."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import yaml
from dateutil.rrule import rrulestr
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from aiops.model.errors import InvalidInput
from aiops.slo.spec import durations

FIRST: Final = datetime(2026, 1, 1)
"""From when rules count where it matters, in the drill's own zone: INTERVAL=2 means every second of something."""
DAY: Final = 86_400
EXAMPLE: Final = """\
# Faults that are caused on purpose, and the incident that must follow each. `aiops drill check FILE` reads it.
drills:
- name: payment-errors
  service: payment            # the incident must blame this service
  kind: errors                # and have this kind of cause; without it: any
  within: 2m                  # the incident must be detected within this time
  lasts: 5m                   # the fault is taken back once it is found, at the latest after this time
  schedule: FREQ=WEEKLY;BYDAY=TU;BYHOUR=10;BYMINUTE=0;BYSECOND=0    # RFC 5545; for `aiops drill serve`
  time_zone: Europe/Berlin    # of the schedule
  start: {url: "http://127.0.0.1:3000/simulate/error?rate=0.5&endpoint=/payment"}
  stop: {url: "http://127.0.0.1:3000/simulate/clear"}
# A fault of Chaos Mesh or Litmus: `kubectl apply` causes it, `kubectl delete` takes it back.
# - name: payment-latency
#   service: payment
#   within: 3m
#   lasts: 10m
#   manifest: payment-latency.yaml
#   context: staging          # of kubectl; without it: the current one
"""


class BadDrills(InvalidInput):
    """The file cannot be used; the message names the file, the key, its value and what is allowed."""


def _seconds(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("a length is written like 90s or 5m")
    try:
        seconds, months = durations.shorthand(text)
    except ValueError:
        seconds, months = 0, 0
    if months or not 0 < seconds <= DAY:
        raise ValueError("a length is written like 90s or 5m, up to a day")
    return float(seconds)


def _rule(text: str) -> str:
    try:
        rrulestr(text, dtstart=FIRST)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"not a rule of RFC 5545, like FREQ=WEEKLY;BYDAY=TU;BYHOUR=10: {error}") from None
    if "DTSTART" in text.upper():
        raise ValueError("a rule without DTSTART; time_zone says where its hours are")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("a time zone is named like Europe/Berlin") from None
    return name


Seconds = Annotated[float, BeforeValidator(_seconds)]
Kind = Literal["errors", "latency", "timeout", "down", "network", "dependency", "traffic", "machine", "silence"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Strict):
    """A request over HTTP. Values of headers that begin with `env:` are read from that variable when it is sent."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    json_body: Any = Field(None, alias="json")
    headers: dict[str, str] = Field(default_factory=dict)


class DrillPlan(_Strict):
    """One drill. A fault is caused by two requests, or by a manifest."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    service: str = Field(min_length=1, max_length=256)
    kind: Kind | None = None
    within: Seconds
    lasts: Seconds
    schedule: Annotated[str, AfterValidator(_rule)] | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    start: Call | None = None
    stop: Call | None = None
    manifest: Path | None = None
    context: str | None = None
    namespace: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "DrillPlan":
        if (self.start is None) != (self.stop is None):
            raise ValueError("`start` and `stop` come together: what is caused must be taken back")
        if (self.start is None) == (self.manifest is None):
            raise ValueError("a drill has either `start` and `stop`, or `manifest`")
        if self.manifest is None and (self.context or self.namespace):
            raise ValueError("`context` and `namespace` are of a `manifest`")
        return self

    def following(self, after: datetime) -> datetime | None:
        """Return the next time of its schedule after a moment (with its zone); None where there is none."""
        if self.schedule is None:
            return None
        zone = ZoneInfo(self.time_zone)
        local = after.astimezone(zone).replace(tzinfo=None)
        found = rrulestr(self.schedule, dtstart=FIRST).after(local)
        return None if found is None else found.replace(tzinfo=zone)


class _File(_Strict):
    drills: tuple[DrillPlan, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "_File":
        names = [one.name for one in self.drills]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two drills are named {twice}")
        return self


def load_drills(path: Path) -> tuple[DrillPlan, ...]:
    """Read the drills of a file; a manifest is looked for beside it. Raises BadDrills."""
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise BadDrills(f"cannot read {path}: {error}") from None
    except yaml.YAMLError as error:
        raise BadDrills(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    try:
        found = _File.model_validate(loaded if loaded is not None else {}).drills
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "drills"
        reason = first["msg"].removeprefix("Value error, ")
        given = "" if isinstance(first["input"], (dict, list)) else f", not {first['input']!r}"
        raise BadDrills(f"{path}: `{key}`: {reason[0].lower()}{reason[1:]}{given}") from None
    placed = tuple(
        one if one.manifest is None else one.model_copy(update={"manifest": path.parent / one.manifest})
        for one in found
    )
    for one in placed:
        _check_on_disk(path, one)
    return placed


def _check_on_disk(path: Path, one: DrillPlan) -> None:
    if one.manifest is not None and not one.manifest.is_file():
        raise BadDrills(f"{path}: drill {one.name}: there is no manifest {one.manifest}")
    now = datetime.now(ZoneInfo("UTC"))
    first = one.following(now)
    second = None if first is None else one.following(first)
    if first is not None and second is not None and second - first < timedelta(seconds=one.lasts + one.within):
        raise BadDrills(
            f"{path}: drill {one.name}: its schedule comes again after {second - first}, before it is over "
            f"(lasts and within are {timedelta(seconds=one.lasts + one.within)})"
        )
