"""Texts of others, made safe to show: a service may be called what a log line, a terminal or a chat understands.

Each sink escapes for itself, and nothing before it does, so that names stay what they are: logs in
`aiops.process.logs`, terminals in `aiops.cli.terminal` and `aiops.cli.remote`, notifications in `aiops.notify`, pages
by their templates. Chat markup is escaped where messages are rendered, in Alertmanager's templates.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Control characters of ASCII and Latin-1, line and paragraph separators, what turns the direction of writing, and
# halves of characters, which cannot be encoded.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NEWLINE: Final = "\n"
"""What messages of several lines keep; their parts are made visible before."""
LAID_OUT: Final = "\n\t"
"""What other programs lay their lines out with."""
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, keep: str = "") -> str:
    r"""Write what cannot be seen as it is written in a program: `\n`, `\x1b`, `\u202e`; but for what is in `keep`.

    >>> visible("pay\n2026-11-29 ERROR forged \x1b[31m")
    'pay\\n2026-11-29 ERROR forged \\x1b[31m'
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def visible_in(document: Any) -> Any:
    """The same for every text of a JSON document."""
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
