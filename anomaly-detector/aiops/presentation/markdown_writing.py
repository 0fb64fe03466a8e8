"""Texts from outside in Markdown: a name stays a name, whatever characters it has.

CommonMark lets every ASCII punctuation be escaped by a backslash; tables, bare links and formulas are those of GitHub
Flavored Markdown.
"""

import re
from collections.abc import Sequence
from typing import Final

from aiops.model.safe import visible

_ACTIVE: Final = re.compile(r"[\\`*_\[\]<>|~&$@]")
_BEGINS: Final = re.compile(r"^([-+=#])|^(\d{1,9})([.)])")
_ADDRESS: Final = re.compile(r"(?i)\b(https?|ftp|mailto)(:)|\b(www)(\.)")


def plain(text: str) -> str:
    """Write a text on one line so that no part of it is markup, a link, or begins a list or a heading."""
    one = " ".join(visible(text).split())
    one = _ACTIVE.sub(lambda found: f"\\{found[0]}", one)
    one = _ADDRESS.sub(lambda found: f"{found[1] or found[3]}\\{found[2] or found[4]}", one)
    return _BEGINS.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", one)


def link(words: str, address: str) -> str:
    """Write a link to a web address; what is none is only named. The address may come from outside."""
    if not address.startswith(("http://", "https://")):
        return plain(words)
    safe = re.sub(r"[\x00-\x20\x7f<>\\()\[\]|`\"']", lambda found: f"%{ord(found[0]):02X}", address)
    return f"[{plain(words)}](<{safe}>)"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
