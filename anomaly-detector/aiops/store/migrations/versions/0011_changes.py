"""Where a change is known from, and what it is known by, so that what is told again is stored once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; what an earlier release stored has neither."""
    op.add_column("changes", sa.Column("source", sa.String(32), nullable=False, server_default=""))
    op.add_column("changes", sa.Column("fact", sa.String(256)))
    op.create_index("changes_by_fact", "changes", ["fact"], unique=True)


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("changes_by_fact", "changes")
    op.drop_column("changes", "fact")
    op.drop_column("changes", "source")
