"""The OpenAPI document: what the routes describe, and the role that each operation needs."""

import copy
from typing import Any

from flask_openapi3.openapi import OpenAPI

from aiops.access import needed

SCHEME = "token"
COOKIE = "session"
METHODS = frozenset({"GET", "POST", "DELETE"})


def document(app: OpenAPI, is_open: bool) -> dict[str, Any]:
    """Return the document. Each operation says the role that it needs as `x-aiops-role`, and how one shows who one is.
    is_open: nobody needs a token."""
    described: dict[str, Any] = copy.deepcopy(app.api_doc)
    for rule in app.url_map.iter_rules():
        operations = described["paths"].get(rule.rule.replace("<", "{").replace(">", "}"), {})
        for method in METHODS & (rule.methods or set()):
            operation = operations.get(method.lower())
            role = None if operation is None else needed(rule.endpoint, method)
            if operation is not None and role is not None:
                operation["x-aiops-role"] = str(role)
                operation["security"] = [
                    {SCHEME: []},
                    *([{COOKIE: []}] if method == "GET" else []),
                    *([{}] if is_open else []),
                ]
    return described
