"""The severity that a person gave an incident."""

from dataclasses import dataclass

from aiops.model.severity import Severity


@dataclass(frozen=True, slots=True)
class SeverityOverride:
    """The severity by a person's word, with the engine's own, which goes on beside it. at: Unix seconds."""

    severity: Severity
    own: Severity
    who: str
    reason: str
    at: float
