"""Commands that pages of docs/ show, read out of their indented blocks and tables."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGES: Final = ("operations.md", "kubernetes.md")
PROGRAMS: Final = ("aiops", "curl", "docker", "helm", "kubectl", "make", "sh")
IN_TABLE: Final = re.compile(rf"(?<!\[)`((?:{'|'.join(PROGRAMS)}) [^`|]+)`")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command as it is shown; `program` is the first one in it."""

    page: str
    text: str

    @property
    def program(self) -> str:
        return self.text.split()[0]

    @property
    def inside(self) -> str:
        """What of it runs in a container, with its redirections; empty if nothing does."""
        return self.text.partition(" -- ")[2]

    def words(self) -> list[str]:
        """Of its last part, up to what runs in a container or is redirected."""
        last = self.text.partition(" -- ")[0].split(" | ")[-1]
        return shlex.split(re.sub(r" [<>] \S+", "", last))


def shown(page: str) -> Iterator[Shown]:
    """Yield every command of a page in its order."""
    text = (DOCS / page).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        block = re.match(r" {4,}(\S.*)", line)
        found = [block[1]] if block else IN_TABLE.findall(line) if line.startswith("|") else []
        for one in found:
            for part in one.split(" && "):
                yield Shown(page, re.sub(r"\s+", " ", part.strip()))


def commands() -> list[Shown]:
    """Every command of all pages."""
    return [one for page in PAGES for one in shown(page)]


def of(*programs: str) -> list[Shown]:
    return [one for one in commands() if one.program in programs]
