"""Drills, and whether their faults were found."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Create the table of drills."""
    op.create_table(
        "drills",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("service", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("within", sa.Float, nullable=False),
        sa.Column("lasts", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("incident", sa.String(64), nullable=False),
        sa.Column("detected", sa.Float),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("drills_by_time", "drills", ["started"])
    op.create_index("drills_by_result", "drills", ["result"])


def downgrade() -> None:
    """Drop the table of drills."""
    op.drop_table("drills")
