"""Comments on incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables of the workflow."""
    op.create_table(
        "comments",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("incident", sa.String(16), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("comments_by_incident", "comments", ["incident", "number"])


def downgrade() -> None:
    """Drop them, with what people wrote."""
    op.drop_table("comments")
