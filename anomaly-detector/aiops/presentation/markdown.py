"""Markdown of people as HTML that is safe to show: no HTML of their own, no images, and links to other pages only."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

SCHEMES: Final = frozenset({"http", "https", "mailto"})


def markdown(text: str) -> Markup:
    """Return the HTML of a text. Headings stay text, because the page has its own."""
    return Markup(_READER.render(text))  # noqa: S704 (the renderer escapes every character that is not its own)


def _is_allowed(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in SCHEMES
    except ValueError:
        return False


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    tokens[index].attrSet("rel", "noopener nofollow")
    return self.renderToken(tokens, index, options, env)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    reader.disable(["heading", "html_block", "html_inline", "image", "lheading"])
    reader.validateLink = _is_allowed  # type: ignore[method-assign]

    reader.add_render_rule("link_open", _link_open)
    return reader


_READER: Final = _reader()
