"""Where a change is known from, what it is known by, so that it is stored once, and how its version compares."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; what an earlier release stored has neither."""
    op.add_column("changes", sa.Column("source", sa.String(32), nullable=False, server_default=""))
    op.add_column("changes", sa.Column("fact", sa.String(256)))
    op.add_column("changes", sa.Column("comparison", sa.Text))
    op.create_index("changes_by_fact", "changes", ["fact"], unique=True)


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("changes_by_fact", "changes")
    op.drop_column("changes", "comparison")
    op.drop_column("changes", "fact")
    op.drop_column("changes", "source")
