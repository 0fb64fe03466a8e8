"""The page of drills: is what people must be told of found?"""

from typing import Final

from flask import Blueprint, render_template

from aiops.service.use_cases import UseCases

ROWS: Final = 200


def add_drills(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the page of drills."""

    @pages.get("/drills")
    def drills() -> str:
        found = use_cases.drills.page(ROWS)
        last = {one.name: one for one in reversed(found) if one.result != "skipped"}
        by_name = {name: [one for one in found if one.name == name] for name in sorted(last)}
        return render_template("drills.html", drills=found, last=last, by_name=by_name, most=ROWS)
