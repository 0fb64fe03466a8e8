"""Upgrade an incident store: `python -m aiops.store.migrate URL`."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(url: str) -> None:
    """Upgrade to the newest version that this program knows."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


if __name__ == "__main__":
    migrate(sys.argv[1])
