"""Actions of remediation, with their decisions and their ends."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table of actions."""
    op.create_table(
        "actions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("target", sa.String(256), nullable=False),
        sa.Column("proposed_at", sa.Float, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("actions_by_state", "actions", ["state", "number"])
    op.create_index("actions_by_subject", "actions", ["subject", "number"])
    op.create_index("actions_by_key", "actions", ["key"])
    op.create_index("actions_by_time", "actions", ["proposed_at"])


def downgrade() -> None:
    """Drop the table of actions."""
    op.drop_table("actions")
