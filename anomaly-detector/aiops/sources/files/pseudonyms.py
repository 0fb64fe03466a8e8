"""Names in telemetry replaced by pseudonyms, so that an engine still finds the same in it.

The rule: every word of a text becomes another word, the same wherever it stands, and of the same kind: letters become
letters, digits as many digits, a mixture an id of as many characters. What stands between words is kept, so that
routes, addresses and messages keep their form, and what was equal, or a part of another, still is. Kept are the words
of protocols by which the engine judges (`GET`, `timeout`, `UNAVAILABLE`), and the values of the attributes in KEPT.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from aiops.explain.blame import REFUSED, TIMED_OUT
from aiops.model import names
from aiops.sources.common import codes
from aiops.sources.common.spans import UNKNOWN_SERVICE

KEPT: Final = frozenset(
    (
        names.SAMPLING_THRESHOLD,
        *names.HTTP_METHOD,
        *names.HTTP_STATUS,
        *names.HTTP_CONTENT_TYPE,
        *names.HTTP_UPGRADE,
        *names.URL_SCHEME,
        *names.PROTOCOL,
        *names.RPC_SYSTEM,
        *names.RPC_STATUS,
        *names.SERVER_PORT,
        *names.NETWORK_PORT,
        *names.DB_SYSTEM,
        names.DB_STATUS,
        *names.MESSAGE_TYPE,
        *names.MESSAGE_ID,
        "client.port",
        "http.flavor",
        "http.request.resend_count",
        "messaging.operation",
        "messaging.operation.type",
        "messaging.system",
        "network.protocol.version",
        "network.transport",
        "network.type",
        "telemetry.generated",
        "telemetry.sdk.language",
        "telemetry.sdk.name",
        "telemetry.sdk.version",
    )
)
"""Attributes whose values are words and numbers of protocols."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "HTTP", "_OTHER")
_QUERIES: Final = ("SELECT", "INSERT", "UPDATE", "UPSERT", "BEGIN", "COMMIT", "ROLLBACK")
_PIECES: Final = tuple(dict.fromkeys(word for text in (*TIMED_OUT, *REFUSED) for word in text.split()))
WORDS: Final = frozenset(
    (
        *_METHODS,
        *_QUERIES,
        *_PIECES,
        *codes.WORDS,
        UNKNOWN_SERVICE,
        names.OTHER,
        "http",
        "https",
        "localhost",
        "true",
        "false",
    )
)
"""Words that the engine, or a reader, knows from protocols."""

_WORD: Final = re.compile(r"\w+")
_VERSION: Final = re.compile(r"v\d{1,2}")
_LETTERS: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,31}")  # longer ones are values in a path (`routes`)
_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = 4
_QUOTED: Final = re.compile(r"(?<==)(\s*~?\s*)(\"[^\"]*\"|'[^']*')|(\"[^\"]*\"|'[^']*')")
_NAMED: Final[Mapping[str, str]] = {
    "service": names.SERVICE_NAME,
    "route": names.HTTP_ROUTE,
    **dict.fromkeys(("name", "displayName", "description", "indicatorRef", "metricSourceRef"), ""),
}
"""Fields of objectives that hold names, and the attribute that each is of."""


@dataclass(slots=True)
class Pseudonyms:
    """Pseudonyms by a random key, which is not kept. `keep` names further attributes whose values stay."""

    key: bytes
    keep: frozenset[str] = frozenset()
    replaced: Counter[str] = field(default_factory=Counter)
    """How often values of what were replaced: attributes by name, and parts of spans."""
    _known: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def text(self, text: str, what: str = "") -> str:
        """Replace the words of a text."""
        found = _WORD.sub(lambda word: self._word(word[0]), text)
        if what and found != text:
            self.replaced[what] += 1
        return found

    def export(self, export: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the names in an export of spans or metrics, as OTLP/JSON."""
        return {key: self._node(value) for key, value in export.items()}

    def objective(self, document: Any, key: str = "") -> Any:
        """Replace the names in a part of an OpenSLO document, in queries those in quotation marks."""
        match document:
            case dict():
                return {name: self.objective(value, name) for name, value in document.items()}
            case list():
                return [self.objective(value, key) for value in document]
            case str() if key in _NAMED and _NAMED[key] not in self.keep:
                return self.text(document)
            case str() if key in ("query", "promql"):
                return _QUOTED.sub(lambda found: self.text(found[0]), document)
        return document

    def _node(self, node: Any) -> Any:
        match node:
            case {"key": str(key), "value": dict(value)}:
                return {"key": key, "value": self._value(key, value)}
            case {"traceId": _, "name": str(name)}:
                rest = {key: self._node(value) for key, value in node.items()}
                return {**rest, "name": self.text(name, "names of spans")}
            case {"code": _, "message": str(message)}:
                return {**node, "message": self.text(message, "messages of spans")}
            case dict():
                return {key: self._node(value) for key, value in node.items()}
            case list():
                return [self._node(one) for one in node]
        return node

    def _value(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        if key in KEPT or key in self.keep:
            return value
        return {kind: self.text(one, key) if isinstance(one, str) else one for kind, one in value.items()}

    def _word(self, word: str) -> str:
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = self._new(word)
        return found

    def _new(self, word: str) -> str:
        lower = word.lower()
        if word in WORDS or lower in _PIECES or _VERSION.fullmatch(word):
            return word
        piece = next((one for one in _PIECES if len(one) > 3 and one in lower), "")
        number = 0
        while True:
            made = self._made(word, number) + piece.capitalize()
            if made not in self._taken and made not in WORDS:
                self._taken.add(made)
                return made
            number += 1

    def _made(self, word: str, number: int) -> str:
        digest = blake2b(word.encode() + number.to_bytes(4, "big"), key=self.key, digest_size=32)
        value = int.from_bytes(digest.digest(), "big")
        if word.isascii() and word.isdigit():
            length = len(word) + (number > 50)  # where there are no more numbers of this length
            return str(value % (9 * 10 ** (length - 1)) + 10 ** (length - 1)) if length > 1 else str(value % 10)
        if not _LETTERS.fullmatch(word):
            return ("0" + digest.hexdigest())[: min(max(len(word), 4), 32)]
        made = ""
        for _ in range(_SYLLABLES):
            value, consonant = divmod(value, len(_CONSONANTS))
            value, vowel = divmod(value, len(_VOWELS))
            made += _CONSONANTS[consonant] + _VOWELS[vowel]
        return made
