"""The engine itself: sources, cycles, what arrives and what is left out, storage, versions and settings."""

from typing import Any

from pydantic import Field

from aiops.presentation.documents.base import Document, Time


class SourceStatus(Document):
    """A port for telemetry, and the store behind it."""

    source: str = Field(description="metrics, traces, topology or verdicts")
    store: str = Field(description="the store and its address, without credentials")
    answers: bool = Field(description="it answered the last cycle that asked")
    failing_since: Time | None


class CyclePhase(Document):
    name: str
    seconds: float


class CycleStatus(Document):
    """The last cycle, and how the last ones went. Times of computation are in seconds."""

    ended: Time | None = Field(description="null before the first cycle")
    seconds: float | None = Field(description="what the last cycle took")
    interval_seconds: float = Field(description="from one cycle to the next, and the length of a step")
    phases: list[CyclePhase] = Field(description="of the last cycle")
    watermark: Time | None = Field(description="end of the newest step judged")
    behind_seconds: float | None = Field(description="from the watermark until now")
    measured: int = Field(description="how many of the last cycles the two counts below are about")
    overruns: int = Field(description="cycles that took longer than the interval")
    failures: int = Field(description="cycles that ended with an error")
    gaps: list[str] = Field(description="what the last cycle could not do, and why")


class Occurrence(Document):
    reason: str
    count: int


class OddService(Document):
    service: str
    text: str


class TelemetryStatus(Document):
    """What arrives. Counts are since the start, null where the engine does not receive telemetry itself."""

    newest: Time | None = Field(description="end of the newest span or point")
    age_seconds: float | None
    services: int | None = Field(description="services ever heard; null while the sources do not answer")
    spans: int | None
    points: int | None
    late: int | None = Field(description="spans and points that came behind the watermark: stored, never judged")
    duplicates: int | None = Field(description="spans and points that were sent again: stored once")
    rejected: int | None = Field(description="spans and points that were refused")
    faults: list[Occurrence] = Field(description="what was rejected, repaired or left out, by reason")
    oddities: list[OddService] = Field(description="what is odd about the way in which services send")


class ChannelStatus(Document):
    """A channel of notifications."""

    channel: str
    kind: str
    waiting: int = Field(description="messages that it has not taken yet")
    held: int = Field(description="messages that wait for the end of quiet hours")
    oldest: Time | None = Field(description="when the oldest message that waits was written")
    last_sent: Time | None
    failing_since: Time | None = Field(description="null while it takes what is sent")
    error: str | None = Field(description="why it did not take the last message")


class Cap(Document):
    """A limit of names and series."""

    setting: str
    most: int
    exceeded: int = Field(description="what was beyond it since the start")
    last: Time | None = Field(description="when that happened last")
    meaning: str


class StoredFile(Document):
    name: str
    bytes: int


class Storage(Document):
    folder: str
    files: list[StoredFile]
    free_bytes: int | None = Field(description="of the disk on which the folder is")
    disk_bytes: int | None
    retention_hours: float | None = Field(description="how long telemetry is kept; null where other stores keep it")


class AuditEnd(Document):
    """How long the audit is, and how it ends: kept elsewhere, it shows whether the end was cut off."""

    rows: int
    head: str = Field(description="SHA-256 of the last row; `aiops audit verify --head` takes it")


class Versions(Document):
    engine: str
    python: str
    incident_store: str = Field(description="the last migration of its tables")
    telemetry_store: str = Field(description="the format of the engine's own store")
    learned_state: str = Field(description="the format of the snapshot")
    libraries: dict[str, str]


class Setting(Document):
    key: str
    value: Any = Field(description="secrets are ***")
    origin: str = Field(description="default, a file, environment, command line, or the command itself")
    meaning: str
    variable: str = Field(description="the environment variable")


class System(Document):
    """The engine itself."""

    now: Time
    started: Time
    ready: bool
    reasons: list[str] = Field(description="why it is not ready")
    notes: list[str] = Field(description="limits that were met recently")
    sources: list[SourceStatus]
    cycle: CycleStatus
    telemetry: TelemetryStatus
    caps: list[Cap]
    channels: list[ChannelStatus] = Field(description="channels of notifications")
    storage: Storage
    audit: AuditEnd | None = Field(description="null while the incident store does not answer")
    versions: Versions
    objective_problems: list[str] = Field(description="why documents in the files of objectives cannot be used")
    settings: list[Setting]
