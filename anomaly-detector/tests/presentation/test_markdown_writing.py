"""Text from outside in Markdown shows as itself, and does nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aiops.presentation.markdown_writing import link, plain, table

PARSER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


@given(st.text(alphabet=st.sampled_from("\\`*_[]<>|~&$@#+-=.!(){}:;/ab1 \n\t\"'"), max_size=40))
def test_any_text_is_one_paragraph_of_text(text: str) -> None:
    tokens = PARSER.parse(plain(text))
    shown = " ".join(text.replace("\n", "\\n").replace("\t", "\\t").split())
    if not shown:
        assert tokens == []
        return
    assert [one.type for one in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {one.type for one in children} <= {"text", "text_special"}
    assert "".join(one.content for one in children) == shown


@pytest.mark.parametrize("address", ["https://evil.example", "HTTP://evil.example", "www.evil.example", "ftp://x"])
def test_an_address_is_no_link(address: str) -> None:
    written = plain(f"see {address} now")
    assert re.search(r"(?i)(https?|ftp)\\://|www\\\.", written)


def test_only_web_addresses_become_links_and_cannot_leave_them() -> None:
    assert link("a", "javascript:alert(1)") == "a"
    hostile = link("x](http://evil)", "https://good.example/a b)](<http://evil>)\n# h")
    [paragraph] = [one for one in PARSER.parse(hostile) if one.type == "inline"]
    links = [one.attrs["href"] for one in paragraph.children or [] if one.type == "link_open"]
    assert len(links) == 1
    assert str(links[0]).startswith("https://good.example/a%20b")


def test_a_cell_stays_a_cell() -> None:
    html = PARSER.render("\n".join(table(("a", "b"), [(plain("x | y"), plain("`|`"))])))
    assert html.count("<td>") == 2
