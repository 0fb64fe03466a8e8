"""A message as blocks of Slack's Block Kit, within its limits.

https://docs.slack.dev/reference/block-kit/blocks
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from aiops.presentation.message import Link, Message

HEADER: Final = 150
"""The most characters of a header."""
SECTION: Final = 3000
"""The most characters of the text of a section or a part of a context."""
BLOCKS: Final = 50
"""The most blocks of a message."""
TEXT: Final = 3000
"""The most characters of the text that stands for the blocks in notifications."""
ACKNOWLEDGE_ACTION: Final = "aiops_acknowledge"
RESOLVE_ACTION: Final = "aiops_resolve"
_HALF: Final = re.compile(r"(&[a-z]{0,4}|<[^<>]*)$")
Block = dict[str, Any]


def blocks_of(message: Message, incident: str = "") -> list[Block]:
    """Lay out a message. incident: the id for the buttons, "" without them."""
    head = f"{message.mark} {message.title}"
    state = f"*{escaped(message.event)}*" + (f" · {message.severity}" if message.severity else "")
    lines = [f"{state} · {escaped(message.name)}"]
    if len(head) > HEADER:
        lines.append(escaped(message.title))
    lines += [f"*{escaped(name)}*: {escaped(text)}" for name, text in message.facts]
    found = [_header(head), *map(_section, _packed(lines))]
    if message.steps:
        steps = [f"{place}. {_link(step)}" for place, step in enumerate(message.steps, 1)]
        found += map(_section, _packed(["*What to do first*", *steps]))
    ending: list[Block] = []
    if message.links:
        ending.append({"type": "context", "elements": [_mrkdwn(" · ".join(map(_link, message.links)))]})
    if incident and not message.over:
        ending.append({"type": "actions", "elements": list(_buttons(message, incident))})
    return [*found[: BLOCKS - len(ending)], *ending]


def escaped(text: str) -> str:
    """Escape the characters by which Slack marks links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clipped(text: str, limit: int) -> str:
    """Cut a text, never within an entity or a link."""
    return text if len(text) <= limit else _HALF.sub("", text[: limit - 1]) + "…"


def _packed(lines: Iterable[str]) -> list[str]:
    """Join lines to texts that fit a section."""
    found = [""]
    for line in lines:
        line = clipped(line, SECTION)
        if len(found[-1]) + 1 + len(line) > SECTION:
            found.append("")
        found[-1] = f"{found[-1]}\n{line}".lstrip("\n")
    return found


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": clipped(text, HEADER), "emoji": False}}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": clipped(text, SECTION), "verbatim": True}


def _link(one: Link) -> str:
    address = one.address.replace("&", "&amp;").replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    words = escaped(one.words).replace("|", "¦")
    return f"<{address}|{words}>" if address.startswith(("http://", "https://")) else words


def _buttons(message: Message, incident: str) -> Iterable[Block]:
    if not any(name == "Acknowledged by" for name, _ in message.facts):
        yield {**_button("Acknowledge", ACKNOWLEDGE_ACTION, incident), "style": "primary"}
    yield _button("Resolve", RESOLVE_ACTION, incident)


def _button(words: str, action: str, value: str) -> Block:
    return {"type": "button", "text": {"type": "plain_text", "text": words}, "action_id": action, "value": value}
