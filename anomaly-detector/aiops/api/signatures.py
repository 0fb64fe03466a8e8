"""Webhooks that show who they are by a signature of their body: HMAC-SHA256 with a secret that both sides know."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Request

from aiops.api.problem import ApiProblem
from aiops.config import ConfigError, Settings
from aiops.model import Principal, Role, SignIn

GITHUB: Final = "/aiops/changes/github"
FLAGS: Final = "/aiops/changes/flags"
LEAST: Final = 16
"""Characters that a secret has at least."""


@dataclass(frozen=True, slots=True)
class Signing:
    """How a webhook signs: the header, what is written in it before the hexadecimal digest, and the secret."""

    name: str
    header: str
    prefix: str
    secret: bytes

    def holds(self, given: str, body: bytes) -> bool:
        """Whether a header signs a body."""
        expected = self.prefix + hmac.digest(self.secret, body, "sha256").hex()
        return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Signatures:
    """The webhooks that sign, by their path: those whose secret is set."""

    by_path: Mapping[str, Signing]

    @classmethod
    def of(cls, settings: Settings) -> "Signatures":
        """Read the secrets. Raises ConfigError for a file that cannot be used."""
        found = {}
        if secret := _secret("github_secret_file", settings.github_secret_file):
            found[GITHUB] = Signing("github", "X-Hub-Signature-256", "sha256=", secret)
        if secret := _secret("flags_secret_file", settings.flags_secret_file):
            found[FLAGS] = Signing("flags", "X-LD-Signature", "", secret)
        return cls(found)

    def carried(self, path: str, headers: Mapping[str, str]) -> bool:
        """Whether a request seems to be signed, so that its body is read. headers: as WSGI names them."""
        one = self.by_path.get(path)
        return one is not None and bool(headers.get(one.header.upper().replace("-", "_")))

    def holder(self, request: Request) -> Principal | None:
        """Return who signed a request; None for calls that are not signed. Raises ApiProblem where the secret is set
        and the signature is missing or wrong."""
        one = self.by_path.get(request.path)
        if one is None or request.method != "POST":
            return None
        given = request.headers.get(one.header, "")
        if not given:
            raise ApiProblem(401, f"the header {one.header} is missing: sign the body with the secret of this webhook")
        if not one.holds(given, request.get_data()):
            raise ApiProblem(401, f"the signature in {one.header} is wrong: is the secret the same on both sides?")
        return Principal(one.name, Role.INGEST, SignIn.SIGNATURE)


def _secret(key: str, file: str) -> bytes:
    if not file:
        return b""
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: {file} cannot be read: {error}") from None
    if len(text) < LEAST:
        raise ConfigError(f"{key}: the secret in {file} needs {LEAST} characters; make one with `openssl rand -hex 32`")
    return text.encode()
