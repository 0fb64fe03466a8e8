"""The OpenAPI document is valid and leaves nothing out."""

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate


def test_it_is_valid(client: FlaskClient) -> None:
    document = client.get("/aiops/openapi.json").json
    assert document is not None
    validate(document)


def test_every_route_and_no_other_is_listed(client: FlaskClient) -> None:
    document = client.get("/aiops/openapi.json").json
    assert document is not None
    listed = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    app = client.application
    assert isinstance(app, Flask)
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method in ("GET", "POST") and not rule.endpoint.startswith("web.") and rule.endpoint != "description"
    }
    assert listed == served


def test_every_failure_is_a_problem(client: FlaskClient) -> None:
    document = client.get("/aiops/openapi.json").json
    assert document is not None
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                expected = "application/problem+json" if int(status) >= 400 else None
                assert expected is None or list(answer["content"]) == [expected], (path, status)
