"""The hand-over of a shift in Markdown."""

from collections.abc import Iterator, Sequence

from aiops.model.safe import visible_in
from aiops.presentation.documents.base import Json


def handover_markdown(found: Json, base_url: str = "") -> str:
    """Write a hand-over for a chat or a wiki; links begin with `base_url`."""
    found = visible_in(found)
    return "\n".join(_lines(found, base_url)) + "\n"


def _lines(found: Json, base_url: str) -> Iterator[str]:
    yield f"# Hand-over, {found['since']} to {found['until']}"
    yield from _part("Still open", [_open(one, base_url) for one in found["open"]], "Nothing is open.")
    yield from _part("Opened", [_line(one, base_url) for one in found["opened"]], "No incident opened.")
    yield from _part("Resolved", [_over(one, base_url) for one in found["resolved"]], "No incident ended.")
    yield from _part("Silences that end soon", [_silence(one) for one in found["silences"]], "")
    yield from _part("Objectives in danger", [_objective(one, base_url) for one in found["objectives"]], "")


def _part(title: str, rows: Sequence[str], nothing: str) -> Iterator[str]:
    if rows or nothing:
        yield from ("", f"## {title}", "")
        yield from (f"- {row}" for row in rows)
        if not rows:
            yield nothing


def _line(one: Json, base_url: str) -> str:
    return (
        f"[{one['id']}]({base_url}{one['page']}) **{one['severity']}** {_plain(one['headline'])}, since {one['onset']}"
    )


def _open(one: Json, base_url: str) -> str:
    text = f"{_line(one, base_url)}; {one['state']}, " + (
        f"{one['assignee']} has it" if one["assignee"] else "nobody has it"
    )
    if muted := one["muted"]:
        text += f"; not announced until {muted['until']} ({muted['kind']})"
    if said := one["last_comment"]:
        text += f"\n  > {said['who']}, {said['at']}: {_plain(said['text'])}"
    return text


def _over(one: Json, base_url: str) -> str:
    text = f"{_line(one, base_url)}; ended {one['resolved_at']}: {one['resolution'] or 'resolved'}"
    return text + (f"\n  What helped: {one['helped']}" if one["helped"] else "")


def _silence(one: Json) -> str:
    given = ", ".join(f"{name} {value}" for name, value in one["matcher"].items() if value) or "every incident"
    return f"{given} until {one['until']}, by {one['created_by']}: {_plain(one['reason'])}"


def _objective(one: Json, base_url: str) -> str:
    group = "".join(f" {value}" for value in one["group"].values())
    left = "" if one["budget_left"] is None else f", {100 * one['budget_left']:.0f}% of the budget left"
    return f"[{one['slo']}]({base_url}{one['page']}){group}: {one['state'].replace('_', ' ')}{left}"


def _plain(text: str) -> str:
    return " ".join(text.split())
