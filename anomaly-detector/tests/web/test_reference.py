"""The description of the API as a reference: references are followed, and end where a schema contains itself."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from aiops.web.reference import Operation, reference
from aiops.web.shapes import FieldShape, Schemas

ADDRESS = "http://engine:8000"


def document(**operations: Any) -> dict[str, Any]:
    """A description with one path and these operations by method."""
    return {
        "info": {"title": "t", "description": "what it is"},
        "paths": {"/things/{thing_id}": operations},
        "components": {"schemas": {"Tree": TREE, "Kind": {"type": "string", "enum": ["a", "b"]}}},
    }


TREE = {
    "type": "object",
    "description": "it grows",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9},
        "kind": {"$ref": "#/components/schemas/Kind"},
        "branches": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        "weight": {"anyOf": [{"type": "number", "minimum": 0.5}, {"type": "null"}], "default": None},
    },
}


def every(shape: FieldShape) -> Iterator[FieldShape]:
    yield shape
    for one in shape.inside:
        yield from every(one)


def test_a_schema_that_contains_itself_is_shown_once() -> None:
    shape = Schemas(document()).shape({"$ref": "#/components/schemas/Tree"})
    assert (shape.type, shape.schema, shape.meaning) == ("Tree", "Tree", "it grows")
    name, kind, branches, weight = shape.inside
    assert (name.required, name.limits) == (True, "at most 9 characters")
    assert (kind.type, kind.values, kind.required) == ("text", ("a", "b"), False)
    assert (branches.type, branches.schema, branches.elsewhere, branches.inside) == ("list of Tree", "Tree", True, ())
    assert (weight.type, weight.limits) == ("number or null", "at least 0.5")


@pytest.mark.parametrize(
    ("schema", "type_", "limits"),
    [
        ({"type": "string", "format": "date-time"}, "RFC 3339 time", ""),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 3}, "list of whole number", "at most 3 entries"),
        (
            {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
            "list of 2: number, text",
            "",
        ),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "map of text to true or false", ""),
        ({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}, "text or number or null", ""),
        ({"allOf": [{"type": "string"}], "description": "told"}, "text", ""),
        ({"$ref": "#/components/schemas/Missing"}, "any value", ""),
        ({}, "any value", ""),
    ],
)
def test_types_in_words(schema: dict[str, Any], type_: str, limits: str) -> None:
    shape = Schemas(document()).shape(schema)
    assert (shape.type, shape.limits) == (type_, limits)


def only(method: str, **operation: Any) -> Operation:
    given = {"responses": {"200": {"description": "OK"}}, **operation}
    [resource] = reference(document(**{method: given}), ADDRESS).resources
    [found] = resource.operations
    return found


def test_an_example_is_a_command_that_a_shell_reads() -> None:
    asked = [
        {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "kind", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/Kind"}},
        {"name": "more", "in": "query", "schema": {"type": "string"}},
        {"name": "service", "in": "query", "schema": {"type": "string", "example": "it's & more"}},
    ]
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}}
    role = {"security": [{"token": []}], "x-aiops-role": "responder"}
    found = only("post", parameters=asked, requestBody=body, summary="Grow", tags=["x"], **role)
    assert found.role == "responder"
    assert found.anchor == "post-things-thing_id"
    assert shlex.split(found.example) == [
        *("curl", "-X", "POST", f"{ADDRESS}/things/THING_ID?kind=a&service=it%27s+%26+more"),
        *("-H", "Authorization: Bearer $AIOPS_TOKEN", "-H", "Content-Type: application/json"),
        *("-d", '{"name": "NAME"}'),
    ]
    assert "Bearer" not in only("post", **{**role, "security": [{"token": []}, {}]}).example
    assert "Bearer" not in only("get").example


def test_errors_of_every_call_are_told_once() -> None:
    problem, missing = {"description": "wrong"}, {"description": "not there"}
    found = reference(
        document(
            get={"summary": "Look", "responses": {"200": {"description": "OK"}, "400": problem, "404": missing}},
            delete={"summary": "Drop", "responses": {"204": {"description": "gone"}, "400": problem}},
        ),
        ADDRESS,
    )
    assert found.errors == (("400", "wrong"),)
    assert [one.errors for one in found.resources[0].operations] == [(("404", "not there"),), ()]


def test_a_description_without_operations_is_an_empty_page() -> None:
    empty = {"info": {"title": "t"}, "paths": {}}
    assert reference(empty, ADDRESS).count == 0
