"""An entry of the outbox."""

from dataclasses import dataclass

from aiops.model.burn import Burn
from aiops.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Announcement:
    """A transition that waits to be sent: its number in the outbox, and how many attempts have failed."""

    number: int
    transition: str
    subject: Incident | Burn
    attempts: int
