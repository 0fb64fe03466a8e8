"""The policy: which actions may be done to which services, and under which conditions. Without an entry, none."""

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from aiops.act.parameters import ON_KUBERNETES, PARAMETERS
from aiops.model import ActionKind, CauseKind

_ANY: Final = frozenset(CauseKind)
FITS: Final[dict[ActionKind, frozenset[CauseKind]]] = {
    ActionKind.ROLLBACK: _ANY - {CauseKind.TRAFFIC, CauseKind.MACHINE, CauseKind.DEPENDENCY},
    ActionKind.RESTART: frozenset({CauseKind.DOWN, CauseKind.TIMEOUT}),
    ActionKind.SCALE_OUT: frozenset({CauseKind.LATENCY, CauseKind.TIMEOUT}),
    ActionKind.FLAG_OFF: _ANY - {CauseKind.TRAFFIC, CauseKind.MACHINE},
    ActionKind.SHIFT_TRAFFIC: _ANY - {CauseKind.TRAFFIC},
    ActionKind.CLEAR_FAULT: _ANY,
    ActionKind.RUNBOOK: _ANY,
}
"""The kinds of cause that an action can help against."""
Glob = Annotated[str, Field(min_length=1, max_length=256)]
Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Freeze(_Strict):
    """A time without actions: once from `start` to `end`, or for `hours` from each time of the rule `rrule` (RFC 5545),
    which begins at `start`, in `time_zone`."""

    name: str = Field(min_length=1)
    services: tuple[Glob, ...] = ("*",)
    start: AwareDatetime
    end: AwareDatetime | None = None
    rrule: str = ""
    hours: Positive | None = None
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("a time zone is named like Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.rrule) == (self.end is not None) or bool(self.rrule) != (self.hours is not None):
            raise ValueError("a freeze has `end`, or else `rrule` and `hours`")
        if self.end is not None and self.end <= self.start:
            raise ValueError("a freeze ends after its start")
        if self.rrule:
            try:
                rrulestr(self.rrule, dtstart=self._local)
            except (ValueError, TypeError) as error:
                raise ValueError(f"rrule: {error}; write it like FREQ=WEEKLY;BYDAY=SA,SU") from None
        return self

    @property
    def _local(self) -> datetime:
        return self.start.astimezone(ZoneInfo(self.time_zone))

    def until(self, service: str, now: float) -> float | None:
        """Return when the freeze of a service ends (Unix seconds); None where there is none now."""
        if not any(fnmatchcase(service, one) for one in self.services):
            return None
        if self.end is not None:
            end = self.end.timestamp()
            return end if self.start.timestamp() <= now < end else None
        at = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(self.time_zone))
        last = rrulestr(self.rrule, dtstart=self._local).before(at, inc=True)
        if last is None:
            return None
        end = last.timestamp() + 3600 * (self.hours or 0.0)
        return end if now < end else None


class BlastLimit(_Strict):
    """The most that an action may touch. A limit on what is not known refuses."""

    services: int = Field(5, ge=1, description="the target and all that call it")
    traffic: float = Field(0.5, gt=0, le=1, description="share of the requests of users")
    instances: int | None = Field(None, ge=1)


class Rate(_Strict):
    """At most so many executions in so many minutes."""

    times: int = Field(3, ge=1)
    minutes: Positive = 60.0


class ActionRule(_Strict):
    """One entry: an action that may be done. `causes` defaults to all kinds that fit the action. With `alerts` (labels
    with globs) it is proposed for alerts of other rules, and for incidents only if `causes` is given too. `approvers`
    are globs of names; empty: every responder."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    action: ActionKind
    services: Annotated[tuple[Glob, ...], Field(min_length=1)]
    causes: tuple[CauseKind, ...] = ()
    alerts: dict[str, Glob] = Field(default_factory=dict)
    executor: Literal["webhook", "kubernetes", "command", "simulated"]
    parameters: dict[str, Any] = Field(default_factory=dict)
    min_confidence: float = Field(0.8, ge=0, le=1)
    max_blast: BlastLimit = BlastLimit()
    rate: Rate = Rate()
    cooldown_minutes: float = Field(10.0, ge=0)
    when_budget_spent: Literal["refuse", "allow"] = "refuse"
    approvers: tuple[Glob, ...] = ()
    auto: bool = False
    verify_minutes: Positive = 10.0
    roll_back: bool = True
    dry_run: bool | None = Field(None, description="empty: as the whole policy")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for one in self.causes:
            if one not in FITS[self.action]:
                raise ValueError(f"causes: a {self.action} does not help against {one}")
        if self.executor == "kubernetes" and self.action not in ON_KUBERNETES:
            raise ValueError(f"executor: kubernetes does {', '.join(sorted(ON_KUBERNETES))}, not {self.action}")
        return self

    @model_validator(mode="after")
    def _checked(self) -> Self:
        try:
            PARAMETERS[self.executor].model_validate(self.parameters)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(("parameters", *map(str, first["loc"])))
            unknown = first["type"] == "extra_forbidden"
            reason = f"unknown key of {self.executor}" if unknown else first["msg"].removeprefix("Value error, ")
            raise ValueError(f"{key}: {reason[0].lower()}{reason[1:]}") from None
        return self

    def covers(self, service: str) -> bool:
        """Whether the entry is for a service."""
        return any(fnmatchcase(service, one) for one in self.services)

    @property
    def for_incidents(self) -> bool:
        """Whether it is proposed for incidents."""
        return bool(self.causes) or not self.alerts

    @property
    def helps(self) -> frozenset[CauseKind]:
        """The kinds of cause that it is for."""
        return frozenset(self.causes) or FITS[self.action]

    @property
    def whole_parameters(self) -> dict[str, Any]:
        """The parameters with all defaults."""
        return PARAMETERS[self.executor].model_validate(self.parameters).model_dump(mode="json")


class ActionPolicy(_Strict):
    """The whole policy. It is dry by default: everything happens but the execution."""

    dry_run: bool = True
    approval_minutes: Positive = Field(15.0, description="minutes after which an approval that was not used expires")
    proposal_minutes: Positive = Field(240.0, description="minutes after which a proposal expires")
    freezes: tuple[Freeze, ...] = ()
    actions: tuple[ActionRule, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen: set[str] = set()
        for one in self.actions:
            if one.name in seen:
                raise ValueError(f"actions: two entries have the name {one.name}")
            seen.add(one.name)
        return self

    def entry(self, name: str) -> ActionRule | None:
        """Return the entry of a name."""
        return next((one for one in self.actions if one.name == name), None)

    def is_dry(self, rule: ActionRule) -> bool:
        """Whether an entry is never executed."""
        return self.dry_run if rule.dry_run is None else rule.dry_run
