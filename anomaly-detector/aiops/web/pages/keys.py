"""The page of the keys, which is also what the key ? shows."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

ACTIONS: Final = (
    (("/",), "search"),
    (("j", "↓"), "the next of a list; arrows once one is chosen"),
    (("k", "↑"), "the one before"),
    (("o", "Enter"), "open it"),
    (("a",), "on an incident: go to Acknowledge, without pressing it"),
    (("?",), "this list; Escape closes it"),
)


def add_keys(pages: Blueprint, goes: Mapping[str, str]) -> None:
    """Add the page; `goes` are the names of pages by the key that follows `g`."""
    every = [*((("g", key), f"go to {name}") for key, name in goes.items()), *ACTIONS]

    @pages.get("/keys")
    def keys() -> ResponseReturnValue:
        return render_template("keys.html", keys=every)
