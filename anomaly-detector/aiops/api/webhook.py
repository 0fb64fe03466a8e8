"""The body of Alertmanager's webhook, read field by field: an error affects only its smallest part, and is reported."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from flask import request

from aiops.api.problem import ApiProblem
from aiops.presentation.times import unix_seconds

LONGEST: Final = 4096
NO_TIME: Final = "0001-01-01T"
"""How Go writes a time that is not set."""
VERSION: Final = "4"
Found = dict[str, Any]


class Mended(NamedTuple):
    """A field that could not be taken as it was, and what was made of it."""

    field: str
    what: str


def loaded() -> Found:
    """Return the body as an object, its text repaired. Raises ApiProblem where it is none."""
    if not request.is_json:
        raise ApiProblem(415, f"the body must be application/json, not {request.mimetype or 'without a type'}")
    try:
        found = json.loads(request.get_data().decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise ApiProblem(400, f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ApiProblem(400, "the body must be a JSON object")
    return found


def mended(whole: Found) -> tuple[Found, list[Mended]]:
    """Return the message with every alert in valid form, and what was repaired for that. An alert that cannot be told
    from others is left out; `alerts` itself and `version` are for the caller to check."""
    notes: list[Mended] = []
    out = dict(whole)
    version = whole.get("version")
    if not (isinstance(version, str) and version.isdigit()):
        notes.append(Mended("version", f"taken for {VERSION}"))
        out["version"] = VERSION
    truncated = whole.get("truncatedAlerts", 0)
    if isinstance(truncated, bool) or not isinstance(truncated, int) or truncated < 0:
        notes.append(Mended("truncatedAlerts", "taken for 0"))
        out["truncatedAlerts"] = 0
    if isinstance(whole.get("alerts"), list):
        made = [_alert(one, f"alerts.{number}", notes) for number, one in enumerate(whole["alerts"])]
        out["alerts"] = [one for one in made if one is not None]
    return out, notes


def _alert(told: object, at: str, notes: list[Mended]) -> Found | None:
    if not isinstance(told, dict):
        notes.append(Mended(at, "left out: it is no object"))
        return None
    labels = _texts(told.get("labels"), f"{at}.labels", notes)
    print_of = told.get("fingerprint")
    if not (isinstance(print_of, str) and 1 <= len(print_of) <= 64 and _is_word(print_of)):
        if not labels:
            notes.append(Mended(at, "left out: it has neither labels nor a fingerprint"))
            return None
        print_of = alert_fingerprint(labels)
        notes.append(Mended(f"{at}.fingerprint", "made of its labels"))
    ends_at = _moment(told.get("endsAt"), f"{at}.endsAt", notes)
    status = told.get("status")
    if status not in ("firing", "resolved"):
        status = "firing" if ends_at is None else "resolved"
        notes.append(Mended(f"{at}.status", f"taken for {status}"))
    url = told.get("generatorURL", "")
    if not isinstance(url, str):
        notes.append(Mended(f"{at}.generatorURL", "left out: it is no text"))
        url = ""
    starts_at = _moment(told.get("startsAt"), f"{at}.startsAt", notes)
    if starts_at is None and (not notes or notes[-1].field != f"{at}.startsAt"):
        notes.append(Mended(f"{at}.startsAt", "not set"))
    return {
        "status": status,
        "labels": labels,
        "annotations": _texts(told.get("annotations", {}), f"{at}.annotations", notes),
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": _text(url),
        "fingerprint": print_of,
    }


def _texts(found: object, at: str, notes: list[Mended]) -> dict[str, str]:
    """Return texts of limited length, without characters that databases refuse."""
    if not isinstance(found, dict):
        notes.append(Mended(at, "left out: it is no object"))
        return {}
    out = {}
    for key, value in found.items():
        if isinstance(value, str):
            out[_text(key)] = _text(value)
        elif isinstance(value, int | float):
            out[_text(key)] = _text(json.dumps(value))
            notes.append(Mended(f"{at}.{_text(key)[:64]}", "made a text"))
        else:
            notes.append(Mended(f"{at}.{_text(key)[:64]}", "left out: it is no text"))
    return out


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode().replace("\x00", "")[:LONGEST]


def _moment(value: object, at: str, notes: list[Mended]) -> float | None:
    """Return a time, Unix seconds; None where it is not set or not a time."""
    if value is None or (isinstance(value, str) and value.startswith(NO_TIME)):
        return None
    try:
        return unix_seconds(value)
    except ValueError as error:
        notes.append(Mended(at, f"left out: it {_text(str(error))[:200]}"))
        return None


def _is_word(text: str) -> bool:
    return all(one.isascii() and (one.isalnum() or one in "_-") for one in text)


def alert_fingerprint(labels: Mapping[str, str]) -> str:
    """Return Alertmanager's fingerprint of labels: FNV-1a, 64 bits, over sorted names and values, each terminated by
    0xff (prometheus/common, model.LabelSet.Fingerprint)."""
    value = 14695981039346656037
    for name in sorted(labels):
        for one in (*name.encode(), 255, *labels[name].encode(), 255):
            value = (value ^ one) * 1099511628211 % 2**64
    return f"{value:016x}"
