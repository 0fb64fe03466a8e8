"""The policy from the text of its file, with every mistake named by its key."""

from typing import Any

import yaml
from pydantic import ValidationError

from aiops.act.policy import ActionPolicy
from aiops.model.errors import InvalidInput


class BadPolicy(InvalidInput):
    """The policy cannot be used; `problems` has one sentence for each mistake, which names the key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise BadPolicy([f"line {key.start_mark.line + 1}: `{key.value}` stands twice"])
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_policy(text: str) -> ActionPolicy:
    """Read a policy. Raises BadPolicy."""
    try:
        loaded: Any = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise BadPolicy([f"not valid YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(loaded, dict):
        raise BadPolicy(["it must hold keys and values, such as `actions: [...]`"])
    try:
        return ActionPolicy.model_validate(loaded)
    except ValidationError as error:
        raise BadPolicy([_sentence(loaded, one) for one in error.errors()]) from None


def _sentence(loaded: dict[str, Any], error: Any) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]]
    key = "".join(parts).removeprefix(".")
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        reason = "unknown key"
    given = error["input"]
    shown = f", not {given!r}" if isinstance(given, (str, int, float)) and error["type"] != "extra_forbidden" else ""
    named = _named(loaded, error["loc"])
    return f"`{key}`{named}: {reason[0].lower()}{reason[1:]}{shown}" if key else reason


def _named(loaded: dict[str, Any], where: tuple[Any, ...]) -> str:
    """Say the name of the entry, beside its number."""
    match where:
        case ("actions", int(number), *_):
            entry = loaded["actions"][number] if isinstance(loaded["actions"], list) else None
            return f" ({entry['name']})" if isinstance(entry, dict) and entry.get("name") else ""
        case _:
            return ""
