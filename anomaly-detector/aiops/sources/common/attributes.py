"""OTLP attributes as plain text."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

# Longer values are cut: a stack trace or a statement must not fill the store.
MAX_TEXT: Final = 4096
# Names are short: SDKs allow 255 characters for those of metrics.
MAX_NAME: Final = 512
# SDKs keep 128 attributes of a span.
MAX_ATTRIBUTES: Final = 512


def text(value: AnyValue) -> str:
    """Write a value as text: booleans as true and false, lists and maps as JSON."""
    if plain := value.string_value:
        return plain if len(plain) <= MAX_TEXT else plain[:MAX_TEXT]
    if number := value.int_value:
        return str(number)
    match value.WhichOneof("value"):
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return f"{value.double_value:.15g}"
        case "bytes_value":
            return value.bytes_value.hex()[:MAX_TEXT]
        case "array_value":
            return orjson.dumps([text(one) for one in value.array_value.values]).decode()[:MAX_TEXT]
        case "kvlist_value":
            return canonical(mapping(value.kvlist_value.values))[:MAX_TEXT]
        case _:
            return ""


def mapping(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """Read attributes; of a duplicate key the last value counts. Beyond the limit the first ones are kept; long keys
    are cut."""
    found = {}
    for pair in pairs:
        key, value = pair.key, pair.value
        plain = value.string_value
        # Nearly all values are short texts: a function call for each would cost more than everything else here.
        found[key if len(key) <= MAX_NAME else key[:MAX_NAME]] = (
            plain if plain and len(plain) <= MAX_TEXT else text(value)
        )
    return found if len(found) <= MAX_ATTRIBUTES else dict(islice(found.items(), MAX_ATTRIBUTES))


def canonical(attributes: dict[str, str]) -> str:
    """Write attributes as JSON, the same text for equal sets."""
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS).decode()


def parse(attributes: str) -> dict[str, str]:
    """Read what `canonical` wrote."""
    found: dict[str, str] = orjson.loads(attributes)
    return found
