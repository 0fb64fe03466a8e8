"""The policy of actions from its file."""

from pathlib import Path

from aiops.act.policy import ActionPolicy
from aiops.act.reading import BadPolicy, read_policy
from aiops.bootstrap.assembly import CannotStart
from aiops.config import Settings
from aiops.service.actions import Remedies


def load_policy(path: Path) -> ActionPolicy:
    """Read a policy. Raises BadPolicy, with the name of the file for a file that cannot be read."""
    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise BadPolicy([f"cannot read the policy of actions {path}: {error}"]) from None


def remedies_of(settings: Settings) -> Remedies:
    """Load the configured policy. Raises CannotStart."""
    if not settings.actions_file:
        return Remedies()
    path = Path(settings.actions_file).expanduser()
    try:
        return Remedies(load_policy(path), settings.actions_commands)
    except BadPolicy as error:
        raise CannotStart(f"{path}: {error}") from None
