"""Texts from outside, made safe to show: a service name may contain what a log, a terminal or a chat interprets.

Each output escapes for itself, and nothing before it does, so that names stay unchanged inside: logs in
`aiops.process.logs`, terminals in `aiops.cli.terminal` and `aiops.cli.remote`, notifications in `aiops.notify`, pages
by their templates. Chat markup is escaped where messages are rendered, in Alertmanager's templates.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Control characters of ASCII and Latin-1, line and paragraph separators, characters that change the direction of
# writing, and unpaired surrogates, which cannot be encoded.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NEWLINE: Final = "\n"
"""The character that messages of several lines keep; their parts are made visible before they are joined."""
LAID_OUT: Final = "\n\t"
"""The characters by which other programs lay out their lines."""
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


LONGEST_NAME: Final = 200
"""Characters of a name in a list of many."""


def shortened(text: str) -> str:
    """Cut a name that is longer than any useful one, so that a list of names has a bounded size."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def visible(text: str, keep: str = "") -> str:
    r"""Write invisible characters as escape sequences (`\n`, `\x1b`, `\u202e`), except those in `keep`.

    >>> visible("pay\n2026-11-29 ERROR forged \x1b[31m")
    'pay\\n2026-11-29 ERROR forged \\x1b[31m'
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def visible_in(document: Any) -> Any:
    """Apply `visible` to every text of a JSON document."""
    match document:
        case str():
            return visible(document)
        case Mapping():
            return {visible(str(key)): visible_in(value) for key, value in document.items()}
        case Sequence():
            return [visible_in(one) for one in document]
        case _:
            return document


def _escaped(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
