"""Secrets in the file of notifications: written there, or in a file or a variable of the environment that it names."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr

FORMS = "a text, {file: PATH} or {env: VARIABLE}"


def _resolved(given: Any) -> Any:
    """Read a secret from where it is. Raises ValueError, without the secret."""
    if isinstance(given, Mapping):
        match dict(given):
            case {"file": str(path), **more} if not more:
                try:
                    given = Path(path).expanduser().read_text(encoding="utf-8").strip()
                except (OSError, UnicodeError) as error:
                    why = getattr(error, "strerror", None) or "it is no text"
                    raise ValueError(f"cannot read the file {path}: {why}") from None
                if not given:
                    raise ValueError(f"the file {path} is empty")
            case {"env": str(variable), **more} if not more:
                given = os.environ.get(variable, "").strip()
                if not given:
                    raise ValueError(f"the variable {variable} of the environment is not set")
            case _:
                raise ValueError(f"a secret is {FORMS}")
    if not isinstance(given, str) or not given:
        raise ValueError(f"a secret is {FORMS}")
    return given


Secret = Annotated[SecretStr, BeforeValidator(_resolved)]
"""A text that is never shown."""
