"""What is known beside the traces."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KnownServices:
    """Services, by what they do.

    known: those that ever sent spans; answering: those that served requests since the trouble began; silent: those that
    send nothing now; called: whom each service called lately.
    """

    known: frozenset[str] = frozenset()
    answering: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    called: Mapping[str, frozenset[str]] = field(default_factory=dict)
