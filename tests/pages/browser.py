"""A browser that opens pages of an engine, notes what is wrong with them, and keeps pictures."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import axe_playwright_python
from playwright.sync_api import Browser, Page, Response

PROGRAM: Final = next(
    (found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), ""
)
AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES: Final = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS: Final = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""Rules that the other theme of the same page can break: themes differ in colours alone."""
WIDTHS: Final = {1440: 900, 390: 844}
PATIENCE: Final = 60_000.0
"""Milliseconds until something that must happen has not happened; a busy machine is slow."""
ZONE: Final = "America/New_York"
Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")


@dataclass
class Opened:
    """A page, and what happened on it: requests to other hosts, broken rules of the CSP, errors of scripts, bytes."""

    page: Page
    url: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bytes: int = 0

    def go(self, path: str) -> Response:
        """Open a path of the engine."""
        found = self.page.goto(self.url + path, wait_until="load")
        assert found is not None
        return found

    def violations(self, rules: Mapping[str, Any] = RULES) -> list[str]:
        """What axe-core has to say against the page: rule, and the first elements."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        found = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: "
            + "; ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:4])
            for one in found["violations"]
        ]

    def picture(self, name: str) -> Path:
        """Keep a picture of what is seen without scrolling; in `artifacts/`, or the folder AIOPS_TEST_ARTIFACTS."""
        folder = Path(os.environ.get("AIOPS_TEST_ARTIFACTS", "artifacts")).absolute() / "pages"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        self.page.screenshot(path=file)
        return file


@contextmanager
def opened(browser: Browser, url: str, width: int = 1440, theme: Theme = "light", **more: Any) -> Iterator[Opened]:
    """A new page without history, cookies or cache, in a zone that is not UTC."""
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": WIDTHS[width]}, timezone_id=ZONE, **more
    )
    context.set_default_timeout(PATIENCE)
    one = Opened(context.new_page(), url)
    one.page.on("request", lambda each: one.foreign.extend([each.url] * (not each.url.startswith((url, "data:")))))
    one.page.on("pageerror", lambda error: one.errors.append(str(error)))
    one.page.on("console", lambda said: one.errors.append(said.text) if _is_wrong(said) else None)
    one.page.on("requestfinished", lambda each: setattr(one, "bytes", one.bytes + each.sizes()["responseBodySize"]))
    try:
        yield one
    finally:
        context.close()


def _is_wrong(said: Any) -> bool:
    """Whether a line of the console is about a page's fault: that a status is 404 is what some pages are about."""
    return said.type in ("error", "warning") and "Failed to load resource" not in said.text
