"""Tables of text."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import click

from aiops.model.safe import visible

GAP = "  "
_COLOURED: Final = re.compile("((?:\x1b\\[[0-9]+m)+)(.*)(\x1b\\[0m)", re.DOTALL)
"""A text that `click.style` has coloured."""


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """Yield the lines of a table, its head first; cells may be coloured. Columns `right` are numbers, aligned right.

    Invisible characters in a cell are escaped, except the colour of the whole cell.
    """
    every = [[_shown(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(click.unstyle(row[at])) for row in every) for at in range(len(head))]
    for row in every:
        cells = []
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - len(click.unstyle(text)))
            cells.append(space + text if at in right else text + space)
        yield GAP.join(cells).rstrip()


def _shown(cell: str) -> str:
    coloured = _COLOURED.fullmatch(cell)
    return coloured[1] + visible(coloured[2]) + coloured[3] if coloured else visible(cell)
