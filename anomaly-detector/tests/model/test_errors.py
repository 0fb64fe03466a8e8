"""The errors of the engine are one tree, and its picture shows them all."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import click

import aiops
from aiops.model import errors

APART = {"ApiProblem", "Interrupted", "_Answer", "_NoSecret", "_NotOurs", "_Refused", "_Unanswered"}
"""An answer, a signal and five that never leave their module."""


def exceptions() -> Iterator[type[BaseException]]:
    for found in pkgutil.walk_packages(aiops.__path__, "aiops."):
        if found.name.endswith((".__main__", ".env")) or ".migrations" in found.name:
            continue
        module = importlib.import_module(found.name)
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, BaseException) and one.__module__ == module.__name__:
                yield one


def test_every_error_is_in_the_tree_and_the_picture() -> None:
    ours = {one for one in exceptions() if not issubclass(one, click.ClickException) and one.__name__ not in APART}
    assert len(ours) > 20
    assert not [one for one in ours if not issubclass(one, errors.AiopsError)]
    picture = (errors.__doc__ or "").split("Errors of libraries")[0]
    shown = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", picture)) - {"The"}
    assert {one.__name__ for one in ours} <= shown
    assert shown <= {one.__name__ for one in ours} | {"UsageError", "Failed"}
