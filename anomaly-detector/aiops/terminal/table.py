"""Columns of text."""

from collections.abc import Collection, Iterator, Sequence

import click

GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """The lines of a table, its head first; cells may be coloured. Columns `right` are numbers, and end together."""
    every = [head, *rows]
    widths = [max(len(click.unstyle(row[at])) for row in every) for at in range(len(head))]
    for row in every:
        cells = []
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - len(click.unstyle(text)))
            cells.append(space + text if at in right else text + space)
        yield GAP.join(cells).rstrip()
