"""The digest that an approval is bound to."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from aiops.model import ActionEvidence, ActionKind


def digest_of(
    kind: ActionKind, policy: str, executor: str, target: str, parameters: Mapping[str, Any], evidence: ActionEvidence
) -> str:
    """Return the SHA-256, in hexadecimal digits, of what would be done, to what, how and why: JSON with sorted keys and
    without blanks."""
    told = {
        "action": str(kind),
        "policy": policy,
        "executor": executor,
        "target": target,
        "parameters": parameters,
        "evidence": asdict(evidence),
    }
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
