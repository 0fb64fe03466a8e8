"""Secrets and personal data in texts are replaced before anything is stored: `password=[secret]`, `[e-mail]`, `[card]`.

Each rule is tried only where a cheap look finds a part that it needs, because most lines have none.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

SECRET: Final = "[secret]"  # noqa: S105 (what stands there instead)
EMAIL: Final = "[e-mail]"
CARD: Final = "[card]"
ACCOUNT: Final = "[account]"
KEY: Final = "[private key]"

_WORDS: Final = (
    *("password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "api-key", "apikey", "access_key"),
    *("access-key", "accesskey", "credential", "authorization", "cookie", "session_id", "sessionid", "private_key"),
)
"""Names of what is secret, in small letters, as part of a longer name."""
_HINTS: Final = ("pass", "pwd", "secret", "token", "key", "credential", "authoriz", "cookie", "session")
"""One of these is in each of `_WORDS`: what is looked for first."""
_NAME: Final = "|".join(re.escape(one) for one in _WORDS)
_ASSIGNED: Final = re.compile(
    rf"""(?i)([\w.-]*(?:{_NAME})[\w.-]*["']?\s*(?:=>|[:=](?!>))\s*)"""
    r"""(?!\[secret\])(?:(?:bearer|basic|digest)\s+[^\s"',;]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',;&)}\]]+)"""
)
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}")
_TOKENS: Final = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # a JSON Web Token
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"  # GitHub, GitLab
    r"|\bxox[abeprs]-[\w-]{10,}|\bxapp-[\w-]{10,}"  # Slack
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|\bAIza[\w-]{35}"  # Stripe, Google
    r"|\baiops_[\w-]{20,}"
)
_TOKEN_HINTS: Final = ("eyJ", "KIA", "SIA", "gh", "glpat-", "xox", "xapp-", "k_live_", "k_test_", "AIza", "aiops_")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_USER: Final = re.compile(r"(://)[^/\s:@]*:[^/\s@]+@")
_MAIL: Final = re.compile(r"[\w.+%-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DIGITS: Final = re.compile(r"(?<![\w.-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|\.\d)")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_LONG: Final = re.compile(r"\d[\d -]{11}")


def masked(text: str) -> str:
    """Return a text without what looks like a secret or personal data."""
    low = text.lower()
    if any(hint in low for hint in _HINTS):
        if "private key-----" in low:
            text = _PEM.sub(KEY, text)
        text = _ASSIGNED.sub(rf"\1{SECRET}", text)
    if "bearer" in low or "basic" in low:
        text = _SCHEME.sub(rf"\1 {SECRET}", text)
    if any(hint in text for hint in _TOKEN_HINTS):
        text = _TOKENS.sub(SECRET, text)
    if "@" in text:
        text = _MAIL.sub(EMAIL, _USER.sub(rf"\1{SECRET}@", text) if "://" in text else text)
    if _LONG.search(text) is not None:
        text = _IBAN.sub(_if(_is_account, ACCOUNT), _DIGITS.sub(_if(_is_card, CARD), text))
    return text


def masked_attributes(pairs: Mapping[str, str]) -> dict[str, str]:
    """Return attributes without secrets: by their names, and in their values."""
    return {key: SECRET if value and _is_secret(key) else masked(value) for key, value in pairs.items()}


def _is_secret(key: str) -> bool:
    low = key.lower()
    return any(hint in low for hint in _HINTS) and any(word in low for word in _WORDS)


def _if(holds: Callable[[str], bool], word: str) -> Callable[[re.Match[str]], str]:
    return lambda found: word if holds(found[0]) else found[0]


def _is_card(text: str) -> bool:
    """Whether the digits have the check digit of payment cards (Luhn, ISO/IEC 7812-1)."""
    digits = [int(one) for one in text if one.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [2 * one - 9 if one > 4 else 2 * one for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: modulo 97)."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1
