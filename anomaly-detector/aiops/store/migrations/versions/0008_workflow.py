"""Comments on incidents, silences, and what people said is not an incident."""

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
    op.create_table(
        "silences",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("matcher", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("ended_by", sa.String(128), nullable=False, server_default=""),
    )
    op.create_index("silences_by_end", "silences", ["until"])
    op.create_table(
        "dismissals",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("incident", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("levels", sa.Text, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("ended_by", sa.String(128), nullable=False, server_default=""),
    )
    op.create_index("dismissals_by_end", "dismissals", ["until"])


def downgrade() -> None:
    """Drop them, with what people wrote."""
    op.drop_table("dismissals")
    op.drop_table("silences")
    op.drop_table("comments")
