"""The OpenAPI document as a reference for people: its operations by resource, with parameters, body, answers, errors
and an example."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiops.web.shapes import FieldShape, Schemas

METHODS: Final = ("get", "post", "put", "patch", "delete")
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, and where it stands: query or path."""

    where: str
    shape: FieldShape


@dataclass(frozen=True, slots=True)
class DescribedAnswer:
    """A successful answer: status, media type, and its schema."""

    status: str
    media: str
    shape: FieldShape | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call. `anchor` identifies it on the page; `errors` are those that not every operation can answer with."""

    anchor: str
    method: str
    path: str
    purpose: str
    parameters: tuple[Parameter, ...]
    body: FieldShape | None
    answers: tuple[DescribedAnswer, ...]
    errors: tuple[tuple[str, str], ...]
    role: str
    example: str


@dataclass(frozen=True, slots=True)
class Resource:
    """Operations with one tag."""

    name: str
    meaning: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The whole document. `errors` are those that every operation of the API can answer with; `problem` is the form of
    all errors."""

    about: str
    resources: tuple[Resource, ...]
    errors: tuple[tuple[str, str], ...]
    problem: FieldShape | None

    @property
    def count(self) -> int:
        """The number of operations."""
        return sum(len(one.operations) for one in self.resources)


def reference(document: Document, address: str) -> Reference:
    """Return a document as a reference. `address` is where the engine answers."""
    schemas = Schemas(document)
    problem = document.get("components", {}).get("schemas", {}).get("Problem")
    shown = schemas.shape({"$ref": "#/components/schemas/Problem"}) if problem else None
    found = [
        (path, method, methods[method])
        for path, methods in document["paths"].items()
        for method in METHODS
        if method in methods
    ]
    every = [dict(_errors(operation)) for _, _, operation in found]
    common = {key: text for key, text in (every[0] if every else {}).items() if all(key in one for one in every)}
    meanings = {one["name"]: one.get("description", "") for one in document.get("tags", ())}
    tags = dict.fromkeys([*meanings, *(_tag(operation) for _, _, operation in found)])
    resources = [
        Resource(tag, meanings.get(tag, ""), tuple(reader.operation(*one) for one in found if _tag(one[2]) == tag))
        for tag in tags
        for reader in (_Reader(Schemas(document), address, common),)  # each has a page, which shows its schemas
    ]
    return Reference(
        about=document["info"].get("description", ""),
        resources=tuple(one for one in resources if one.operations),
        errors=tuple(sorted(common.items())),
        problem=shown,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    schemas: Schemas
    address: str
    common: Mapping[str, str]

    def operation(self, path: str, method: str, operation: Document) -> Operation:
        content = operation.get("requestBody", {}).get("content", {})
        body = next((one["schema"] for one in content.values() if "schema" in one), None)
        parameters = [Parameter(one["in"], self._parameter(one)) for one in operation.get("parameters", ())]
        return Operation(
            anchor=anchor(method, path),
            method=method.upper(),
            path=path,
            purpose=" ".join(f"{operation.get('summary', '')} {operation.get('description', '')}".split()),
            parameters=tuple(parameters),
            body=self.schemas.shape(body) if body is not None else None,
            answers=tuple(self._answers(operation)),
            errors=tuple(one for one in sorted(_errors(operation)) if one[0] not in self.common),
            role=self._role(operation),
            example=self._example(path, method, operation, body),
        )

    @staticmethod
    def _role(operation: Document) -> str:
        """Return the role that an operation needs; "" where anybody may ask for it without a token."""
        return "" if {} in operation.get("security", [{}]) else str(operation.get("x-aiops-role", ""))

    def _parameter(self, one: Document) -> FieldShape:
        schema = {**one["schema"], **({"description": one["description"]} if "description" in one else {})}
        without_null = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
        if without_null:
            schema = {**schema, "anyOf": without_null}
        return self.schemas.shape(schema, one["name"], one.get("required", False))

    def _answers(self, operation: Document) -> Iterator[DescribedAnswer]:
        for status, one in operation["responses"].items():
            if int(status) < 400:
                for media, content in one.get("content", {}).items():
                    schema = content.get("schema")
                    yield DescribedAnswer(status, media, self.schemas.shape(schema) if schema else None)

    def _example(self, path: str, method: str, operation: Document, body: Document | None) -> str:
        """Return a command for a shell, with placeholders in capitals for what only the reader knows."""
        asked = {
            one["name"]: self._value(one)
            for one in operation.get("parameters", ())
            if one["in"] == "query" and (one.get("required") or "example" in one["schema"])
        }
        named = re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), path)
        words = ["curl"]
        if method != "get":
            words += ["-X", method.upper()]
        words.append(shlex.quote(f"{self.address}{named}{'?' if asked else ''}{urlencode(asked)}"))
        if self._role(operation):
            words += ["-H", '"Authorization: Bearer $AIOPS_TOKEN"']
        if body is not None:
            given = json.dumps(self.schemas.example(body), ensure_ascii=False)
            words += ["-H", shlex.quote("Content-Type: application/json"), "-d", shlex.quote(given)]
        return " ".join(words)

    def _value(self, one: Document) -> Any:
        example = self.schemas.example(one["schema"])
        return one["name"].upper() if example == "…" else example


def anchor(method: str, path: str) -> str:
    """Return the name of an operation in an address: `get-aiops-incidents-incident_id`."""
    return re.sub(r"[^a-z0-9_]+", "-", f"{method}{path}".lower()).strip("-")


def _tag(operation: Document) -> str:
    tags: Sequence[str] = operation.get("tags") or ("other",)
    return tags[0]


def _errors(operation: Document) -> Iterator[tuple[str, str]]:
    for status, one in operation["responses"].items():
        if int(status) >= 400:
            yield status, one.get("description", "")
