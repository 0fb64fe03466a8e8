"""The schemas of an OpenAPI document as trees that people can read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
REFERENCE: Final = "#/components/schemas/"
TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
}
FORMATS: Final = {"date-time": "RFC 3339 time"}
LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One field, or a whole document: its type, what values it may have, and what is in it. `schema` is the name of the
    schema, "" for one without; `elsewhere` says that its fields are shown at the first place of that schema."""

    name: str = ""
    type: str
    required: bool = True
    values: tuple[str, ...] = ()
    limits: str = ""
    default: str = ""
    meaning: str = ""
    schema: str = ""
    elsewhere: bool = False
    inside: tuple["FieldShape", ...] = ()


class Schemas:
    """The schemas of one document. Each is shown with its fields once, where it comes first: a schema that contains
    itself ends there too."""

    def __init__(self, document: Schema) -> None:
        self._schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
        self._shown: set[str] = set()

    def shape(self, schema: Schema, name: str = "", required: bool = True) -> FieldShape:
        """Return what a schema says, with references resolved."""
        reference, plain, nullable = self._resolved(schema)
        options = plain.get("anyOf") or plain.get("oneOf") or ()
        types = [*dict.fromkeys(self._type(one) for one in options), *["null"] * nullable]
        type_ = " or ".join(types) if options else self._type(schema)
        limits = _limits(plain, options)
        if not reference and isinstance(within := plain.get("items") or plain.get("additionalProperties"), Mapping):
            reference, plain = self._element(within)
            options = plain.get("anyOf") or plain.get("oneOf") or ()
        first = bool(reference) and reference not in self._shown
        if first:
            self._shown.add(reference)
        inside: tuple[FieldShape, ...] = ()
        if not reference or first:
            inside = tuple(self._fields(plain, options))
        kept = self._kept(reference, plain)
        return FieldShape(
            name=name,
            type=type_,
            required=required,
            values=tuple(str(one) for one in _values(plain, options)),
            limits=limits,
            default=_default(schema),
            meaning=schema.get("description") or ("" if name else plain.get("description")) or "",
            schema=reference if kept else "",
            elsewhere=kept and not first,
            inside=inside,
        )

    def example(self, schema: Schema) -> Any:
        """Return a small value that the schema allows: required fields only."""
        if "example" in schema:
            return schema["example"]
        _, plain, _ = self._resolved(schema)
        options = plain.get("anyOf") or plain.get("oneOf") or ()
        if options:
            return self.example(options[0])
        if values := plain.get("enum"):
            return values[0]
        if "const" in plain:
            return plain["const"]
        if plain.get("type") == "object":
            wanted = plain.get("required", ())
            return {
                name: self.example(one)
                if one.get("type") != "string" or {"enum", "const"} & one.keys()
                else _text(name, one)
                for name, one in plain.get("properties", {}).items()
                if name in wanted
            }
        if plain.get("type") == "array":
            return [self.example(plain["items"])] if "items" in plain else []
        return {"integer": plain.get("minimum", 1), "number": plain.get("minimum", 1), "boolean": True}.get(
            plain.get("type", ""), "…"
        )

    def _element(self, schema: Schema) -> tuple[str, Schema]:
        """Return the name and the schema of what a list or a map holds, however deep."""
        reference, plain, _ = self._resolved(schema)
        within = plain.get("items") or plain.get("additionalProperties")
        return self._element(within) if not reference and isinstance(within, Mapping) else (reference, plain)

    def _kept(self, reference: str, plain: Schema) -> bool:
        """Return whether a reference leads to fields, so that it is worth a link."""
        return bool(reference) and any(key in plain for key in ("properties", "anyOf", "oneOf"))

    def _resolved(self, schema: Schema) -> tuple[str, Schema, bool]:
        """Follow references, and alternatives that only add null: the name of the schema, itself, and whether it may be
        null."""
        reference, nullable, followed = "", False, 0
        while followed < len(self._schemas) + 10:
            followed += 1
            options = [one for one in schema.get("anyOf") or schema.get("oneOf") or () if one.get("type") != "null"]
            every = schema.get("anyOf") or schema.get("oneOf") or ()
            nullable = nullable or len(options) < len(every)
            if "$ref" in schema:
                reference = schema["$ref"].removeprefix(REFERENCE)
                schema = self._schemas.get(reference, {})
            elif len(options) == 1:
                schema = options[0]
            elif len(schema.get("allOf", ())) == 1:
                schema = schema["allOf"][0]
            elif len(options) < len(every):
                schema = {**schema, "anyOf": options, "oneOf": ()}
            else:
                break
        return reference, schema, nullable

    def _type(self, schema: Schema) -> str:
        reference, plain, nullable = self._resolved(schema)
        null = " or null" * nullable
        if plain.get("type") == "array":
            if places := plain.get("prefixItems"):
                return f"list of {len(places)}: {', '.join(self._type(one) for one in places)}{null}"
            return f"list of {self._type(plain['items'])}{null}" if "items" in plain else f"list{null}"
        if "properties" not in plain and isinstance(plain.get("additionalProperties"), Mapping):
            return f"map of text to {self._type(plain['additionalProperties'])}{null}"
        if "const" in plain or "enum" in plain:
            return f"text{null}"
        if options := plain.get("anyOf") or plain.get("oneOf"):
            return " or ".join(dict.fromkeys(self._type(one) for one in options))
        name = FORMATS.get(plain.get("format", "")) or TYPES.get(plain.get("type", ""), "any value")
        return (reference if reference and "properties" in plain else name) + null

    def _fields(self, plain: Schema, options: Sequence[Schema]) -> Iterator[FieldShape]:
        """Yield what is inside a schema: its fields, those of its elements, or the alternatives that have fields."""
        if options:
            for one in options:
                found = self.shape(one)
                if found.schema:
                    yield found
        elif "properties" in plain:
            wanted = plain.get("required", ())
            for name, one in plain["properties"].items():
                yield self.shape(one, name, name in wanted)


def _values(plain: Schema, options: Sequence[Schema]) -> Iterator[object]:
    for one in (plain, plain.get("items", {}), *options):
        yield from one.get("enum", ())
        if "const" in one:
            yield one["const"]


def _limits(plain: Schema, options: Sequence[Schema]) -> str:
    fixed = plain.get("prefixItems") is not None
    said = [
        text.format(f"{one[key]:g}" if isinstance(one[key], float) else one[key])
        for one in (plain, *options)
        for key, text in LIMITS.items()
        if key in one and not (fixed and key.endswith("Items")) and not (key == "minLength" and one[key] == 1)
    ]
    return ", ".join(said)


def _default(schema: Schema) -> str:
    found = schema.get("default")
    return "" if found is None or found == "" else str(found)


def _text(name: str, schema: Schema) -> str:
    return "2026-01-31T12:00:00Z" if schema.get("format") == "date-time" else name.upper()
