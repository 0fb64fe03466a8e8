"""What somebody wrote about an incident."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in Markdown; it is never changed. at: Unix seconds."""

    at: float
    who: str
    text: str
