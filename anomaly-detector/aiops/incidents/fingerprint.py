"""The fingerprint by which incidents are alike: their cause and its symptoms."""

from collections.abc import Collection
from hashlib import sha256

from aiops.model import CauseKind, Labels, RootCause


def fingerprint(root: RootCause | None, symptoms: Collection[tuple[Labels, str]]) -> str:
    """Return 16 hexadecimal digits for the place and kind of the cause. Where no cause is known: for the first symptom
    in the order of labels, whichever began first."""
    if root is not None:
        cause = root.cause
        caller = cause.caller if cause.kind == CauseKind.NETWORK else ""
        text = f"{cause.service}|{cause.kind}|{cause.endpoint}|{caller}"
    else:
        text = repr(min(symptoms, default=()))
    return sha256(text.encode()).hexdigest()[:16]
