"""The severity of an incident."""

from enum import StrEnum


class Severity(StrEnum):
    """How severe an incident is, from the least severe to the most severe."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order of severities; 0 is the least severe."""
        return list(Severity).index(self)
