"""Every page, in both themes, wide and narrow: accessible, from this host alone, light, and it fits."""

import html
import re
from collections.abc import Callable
from typing import Final

import pytest
import requests
from playwright.sync_api import Browser

from .browser import COLOURS, RULES, THEMES, WIDTHS, opened
from .serving import Shown

FAULT: Final = "payment-errors"
WEIGHT: Final = 150_000
"""Bytes of a page that is opened for the first time."""

PAGES: Final[dict[str, Callable[[Shown], str]]] = {
    "web.index": lambda _: "/",
    "web.incidents": lambda _: "/incidents",
    "web.incident": lambda shown: shown.incident,
    "web.proposed": lambda shown: f"{shown.incident}/normal",
    "web.post_mortem": lambda shown: f"{shown.incident}/post-mortem",
    "web.services": lambda _: "/services",
    "web.service": lambda _: "/services/payment",
    "web.series": lambda _: "/services/payment/series?route=/payment&method=POST&family=errors",
    "web.service_map": lambda _: "/map",
    "web.traces": lambda _: "/traces",
    "web.handover": lambda _: "/handover",
    "web.silences": lambda _: "/silences?service=payment",
    "web.slos": lambda _: "/slos",
    "web.slo": lambda shown: link(shown, "/slos", r'href="(/slos/[^"]+)"'),
    "web.actions": lambda _: "/actions",
    "web.action": lambda shown: link(shown, "/actions", r'href="(/actions/ACT-[^"]+)"'),
    "web.api": lambda _: "/api",
    "web.api_resource": lambda _: "/api/incidents",
    "web.backtest": lambda _: "/backtest?service=payment&route=POST+%2Fpayment&range=15m",
    "web.drills": lambda _: "/drills",
    "web.keys": lambda _: "/keys",
    "web.system": lambda _: "/system",
    "web.sign_in": lambda _: "/sign-in",
    "web.tokens": lambda _: "/tokens",
    "web.audit": lambda _: "/audit",
    "web.trace": lambda shown: link(shown, shown.incident, r'href="(/traces/[0-9a-f]{32}[^"]*)"'),
}
"""A path for each page; what leads to another page does not count."""
ACTING: Final = f"acting {FAULT}"
LIVED: Final = {"web.proposed": "lost-time", "web.actions": ACTING, "web.action": ACTING}
"""Pages that need another engine: failed requests are never taken for normal, and without a policy nothing is done."""
LEAD_ON: Final = frozenset({"web.provider_sign_in", "web.provider_sign_out", "web.provider_signed_in", "web.static"})
OTHERS: Final[dict[str, tuple[str, Callable[[Shown], str]]]] = {
    "nothing yet": ("nothing yet", lambda _: "/"),
    "calm": ("calm", lambda _: "/"),
    "an incident that is over": ("over payment-errors", lambda shown: shown.incident),
    "a post-mortem of what is over": ("over payment-errors", lambda shown: f"{shown.incident}/post-mortem"),
    "an incident of lost time": ("lost-time", lambda shown: shown.incident),
    "an incident with actions": (ACTING, lambda shown: shown.incident),
    "actions are off": (FAULT, lambda _: "/actions"),
    "an objective that is kept": (FAULT, lambda _: "/slos/products-available"),
    "not found": (FAULT, lambda _: "/incidents/INC-999"),
    "no such trace": (FAULT, lambda _: "/traces/ffffffffffffffffffffffffffffffff"),
}
"""Pages in other states: the engine and the path."""


def link(shown: Shown, path: str, pattern: str) -> str:
    """The first address on a page that looks like this."""
    page = requests.get(shown.url + path, headers={"Accept": "text/html"}, timeout=60).text
    found = re.search(pattern, page)
    assert found, f"{path} has no link like {pattern}"
    return html.unescape(found[1])


def test_no_page_is_forgotten(shown: Callable[[str], Shown]) -> None:
    app = shown(FAULT).app
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "GET" in (rule.methods or ())
    }
    assert pages - LEAD_ON == set(PAGES)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", [*PAGES, *OTHERS])
def test_a_page_is_accessible_small_and_alone(
    chromium: Browser, shown: Callable[[str], Shown], page: str, width: int
) -> None:
    engine = shown(OTHERS[page][0] if page in OTHERS else LIVED.get(page, FAULT))
    path = PAGES[page](engine) if page in PAGES else OTHERS[page][1](engine)
    with opened(chromium, engine.url, width) as one:
        answer = one.go(path)
        assert answer.status == (404 if page in ("not found", "no such trace") else 200)
        for theme in THEMES:
            one.page.emulate_media(color_scheme=theme)
            one.picture(f"{page.removeprefix('web.').replace(' ', '-')}-{width}-{theme}")
            assert one.violations(RULES if theme == THEMES[0] else COLOURS) == [], theme
        assert one.errors == []
        assert one.foreign == []
        assert one.bytes <= WEIGHT
        wide = one.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "the page is wider than the screen"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
