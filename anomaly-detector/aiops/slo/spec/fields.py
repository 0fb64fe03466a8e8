"""Strict reading of a YAML document: every field is asked for once, and every mistake is reported with line and
column."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import yaml

from aiops.model import SourceLocation
from aiops.model.errors import InvalidInput

# The C loader where PyYAML was built with it: a thousand objectives in a fifth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why something cannot be used: where it is, which field, and what to do."""

    place: SourceLocation
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.field}: {self.text}" if self.field else f"{self.place}: {self.text}"


class Mistake(InvalidInput):
    """A document cannot be read further; the problem says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Fields:
    """A value of a YAML document and its path. A mapping remembers which keys were asked for; `end` reports all others
    as unknown."""

    node: yaml.Node
    file: str
    path: str = ""
    _asked: set[str] = field(default_factory=set)

    @property
    def place(self) -> SourceLocation:
        """The place of the value in its file."""
        mark = self.node.start_mark
        return SourceLocation(self.file, mark.line + 1, mark.column + 1)

    def wrong(self, text: str) -> NoReturn:
        """Raise a Mistake about this value."""
        raise Mistake(Problem(self.place, self.path, text))

    def get(self, key: str) -> "Fields | None":
        """Return the value of a key; None where it is missing or null."""
        self._asked.add(key)
        found = [value for name, value in self._pairs() if name.value == key]
        if not found or found[-1].tag == _NULL:
            return None
        return Fields(found[-1], self.file, f"{self.path}.{key}" if self.path else key)

    def need(self, key: str) -> "Fields":
        """Return the value of a required key. Raises Mistake where it is missing."""
        found = self.get(key)
        if found is None:
            raise Mistake(Problem(self.place, f"{self.path}.{key}" if self.path else key, "is missing"))
        return found

    def one_of(self, *keys: str) -> "tuple[str, Fields]":
        """Return the one key that is present of several that exclude each other."""
        found = [(key, value) for key in keys if (value := self.get(key)) is not None]
        if len(found) != 1:
            self.wrong(f"needs exactly one of {', '.join(keys)}" + (f", not {len(found)}" if found else ""))
        return found[0]

    def end(self) -> None:
        """Raise Mistake for keys that were not asked for."""
        for name, _ in self._pairs():
            if name.value not in self._asked:
                close = difflib.get_close_matches(name.value, self._asked, 1)
                hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(self._asked))}"
                Fields(name, self.file, f"{self.path}.{name.value}" if self.path else name.value).wrong(
                    f"is not known here{hint}"
                )

    def text(self) -> str:
        """Return a scalar as it was written."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong("must be a text")
        return str(self.node.value)

    def choice(self, *allowed: str) -> str:
        """Return a text that must be one of those allowed. Raises Mistake."""
        text = self.text()
        if text not in allowed:
            self.wrong(f"is {text!r}, but must be one of {', '.join(allowed)}")
        return text

    def number(self) -> Decimal:
        """Return a number as it was written, to the last digit."""
        text = self.text()
        try:
            value = Decimal(text)
        except InvalidOperation:
            self.wrong(f"is {text!r}, but must be a number")
        if not value.is_finite():
            self.wrong(f"is {text!r}, but must be a finite number")
        return value

    def whole(self, least: int = 0) -> int:
        """Return a whole number of at least `least`. Raises Mistake."""
        value = self.number()
        if value != int(value) or value < least:
            self.wrong(f"is {value}, but must be a whole number of at least {least}")
        return int(value)

    def true(self) -> bool:
        """Return a boolean: true or false. Raises Mistake."""
        if self.node.tag != _BOOL or self.text().lower() not in ("true", "false"):
            self.wrong("must be true or false")
        return self.text().lower() == "true"

    def items(self) -> "list[Fields]":
        """Return the values of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("must be a list")
        return [Fields(one, self.file, f"{self.path}[{at}]") for at, one in enumerate(self.node.value)]

    def listed(self) -> list[str]:
        """Return the texts of a list, or the single text in its place."""
        return [one.text() for one in self.items()] if isinstance(self.node, yaml.SequenceNode) else [self.text()]

    def texts(self) -> "list[tuple[str, Fields]]":
        """Return keys and values of a mapping with text keys, and mark all keys as known."""
        out = [
            (str(name.value), Fields(value, self.file, f"{self.path}.{name.value}")) for name, value in self._pairs()
        ]
        self._asked.update(name for name, _ in out)
        return out

    def _pairs(self) -> Sequence[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("must be a mapping of fields")
        names: set[str] = set()
        for name, _ in self.node.value:
            if not isinstance(name, yaml.ScalarNode):
                Fields(name, self.file, self.path).wrong("a field's name must be a text")
            if name.value in names:
                Fields(name, self.file, f"{self.path}.{name.value}".lstrip(".")).wrong("is written twice")
            names.add(name.value)
        pairs: Sequence[tuple[yaml.ScalarNode, yaml.Node]] = self.node.value
        return pairs


def documents(text: str, file: str) -> Iterator[Fields]:
    """Yield the documents of a YAML text without the empty ones. Raises Mistake where it is not YAML."""
    try:
        for node in yaml.compose_all(text, _LOADER):
            if node is not None and node.tag != _NULL:
                yield Fields(node, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = SourceLocation(file, mark.line + 1, mark.column + 1) if mark else SourceLocation(file, 1, 1)
        context = f" {error.context}" if error.context else ""
        raise Mistake(Problem(place, "", f"this is no YAML: {error.problem}{context}")) from None
    except yaml.YAMLError as error:
        raise Mistake(Problem(SourceLocation(file, 1, 1), "", f"this is no YAML: {error}")) from None
