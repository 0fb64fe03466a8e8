"""Protobuf as bytes: find the items of an export without building it, and read a message although a part of it is
broken.

A small body may hold millions of messages, and each costs a hundred times its bytes once it is built. So the contents
of an export are counted on its bytes, and built one item at a time. A message that protobuf refuses as a whole (a text
that is not UTF-8, a truncated value) loses only the broken part.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator
from typing import Final, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from aiops.model.errors import MessageError

M = TypeVar("M", bound=Message)
# Start and end of something within a body.
Slice = tuple[int, int]
# Start of a field, start of its value, and end.
Part = tuple[int, int, int]

# A smaller message cannot hold enough items to be worth counting.
SMALL_BYTES: Final = 64 << 10
# One span, point, resource or metric without its points.
LARGEST_BYTES: Final = 4 << 20
MAX_ELEMENTS: Final = 20_000
# More resources, scopes, metrics, spans and points than this are refused: senders batch some thousands.
MAX_ITEMS: Final = 50_000
# The deepest nesting that protobuf reads: values of values.
_DEEPEST: Final = 100
_SHED: Final = ("events", "links", "exemplars")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Damaged(MessageError, ValueError):
    """The bytes are not protobuf."""


class MessageTooLarge(MessageError, ValueError):
    """A message exceeds the limit of its size or contents."""


class TooMany(MessageError, ValueError):
    """An export holds more items than the limit."""

    def __init__(self) -> None:
        super().__init__(f"an export may hold {MAX_ITEMS} resources, scopes, metrics, spans and points, not more")


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the fields of a message: number, wire type, start of the field, start of its value, end. Raises Damaged."""
    while at < end:
        start = at
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(data, start, end)
        kind = tag & 7
        value = at
        if kind == _BYTES:
            if at >= end:
                raise Damaged("a length is missing")
            size = data[at]
            at += 1
            if size > 0x7F:
                size, at = _varint(data, at - 1, end)
            value = at
            at += size
        elif kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind == _FIXED64:
            at += 8
        elif kind == _FIXED32:
            at += 4
        else:
            raise Damaged(f"wire type {kind} is not used by OTLP")
        if at > end or tag < 8:
            raise Damaged("a field ends after what it is in" if tag >= 8 else "there is no field 0")
        yield tag >> 3, kind, start, value, at


def inside(data: bytes, at: int, end: int, number: int) -> Iterator[Part]:
    """Yield the messages, texts and bytes that are field `number` of a message. Raises Damaged."""
    for found, kind, start, value, until in fields(data, at, end):
        if found == number and kind == _BYTES:
            yield start, value, until


def runs(parts: list[Part]) -> Iterator[list[Part]]:
    """Yield groups of adjacent parts that are small in total, because building them together costs less."""
    run: list[Part] = []
    for part in parts:
        if run and (part[0] != run[-1][2] or part[2] - run[0][0] > SMALL_BYTES):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def read_message(of: type[M], data: bytes) -> tuple[M, int]:
    """Build a message; return it and the number of its parts that were repaired or dropped. Raises MessageTooLarge."""
    if len(data) > SMALL_BYTES:
        _bounded(cast(Descriptor, of.DESCRIPTOR), data)
    try:
        return of.FromString(data), 0
    except DecodeError:
        whole, count = _repaired(of, data)
        return of.FromString(whole), count


def shed(of: type[Message], data: bytes) -> bytes:
    """Remove from a span or point the repeated fields beyond a limit, and what is not needed to count it."""
    numbers = {one.number for one in cast(Descriptor, of.DESCRIPTOR).fields if one.name in _SHED}
    try:
        return b"".join(
            data[start:end] for number, _, start, _, end in fields(data, 0, len(data)) if number not in numbers
        )
    except Damaged:
        return data


def _repaired(of: type[Message], data: bytes, depth: int = 0) -> tuple[bytes, int]:
    """Remove what cannot be read, with U+FFFD in place of bytes that are no text."""
    kept: list[bytes] = []
    count = 0
    try:
        for number, kind, start, value, end in fields(data, 0, len(data)):
            part = data[start:end]
            if _reads(of, part):
                kept.append(part)
                continue
            count += 1
            field = cast(Descriptor, of.DESCRIPTOR).fields_by_number.get(number)
            if field is None or kind != _BYTES:
                continue
            if field.type == FieldDescriptor.TYPE_STRING:
                kept.append(enclosed(number, data[value:end].decode("utf-8", "replace").encode()))
            elif field.message_type is not None and depth < _DEEPEST:
                inner, inner_count = _repaired(_class(field), data[value:end], depth + 1)
                again = enclosed(number, inner)
                if _reads(of, again):
                    kept.append(again)
                    count += inner_count - 1
    except Damaged:
        count += 1  # the rest cannot be parsed
    return b"".join(kept), count


def _class(of: FieldDescriptor) -> type[Message]:
    return GetMessageClass(cast(Descriptor, of.message_type))


def _reads(of: type[Message], data: bytes) -> bool:
    try:
        of.FromString(data)
    except DecodeError:
        return False
    return True


def _bounded(of: Descriptor, data: bytes) -> None:
    """Raise MessageTooLarge for a message that holds too many others, or is too long itself."""
    if len(data) > LARGEST_BYTES:
        raise MessageTooLarge(f"more than {LARGEST_BYTES} bytes in one item")
    count = 0
    waiting = [(of, 0, len(data))]
    while waiting:
        kind, start, end = waiting.pop()
        try:
            for number, wire, _, value, until in fields(data, start, end):
                field = kind.fields_by_number.get(number)
                if field is None or wire != _BYTES:
                    continue
                count += 1
                if count > MAX_ELEMENTS:
                    raise MessageTooLarge(f"more than {MAX_ELEMENTS} attributes, events, links or bounds in one item")
                if field.message_type is not None:
                    waiting.append((field.message_type, value, until))
        except Damaged:
            continue  # the parser will stop here too


def enclosed(number: int, payload: bytes) -> bytes:
    """Encode field `number` of a message with these bytes as its value."""
    return _number(number << 3 | _BYTES) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a number; return it and where it ends. Raises Damaged."""
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            break
    raise Damaged("a number does not end")
