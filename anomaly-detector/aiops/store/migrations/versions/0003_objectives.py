"""Objectives: the counts of each hour, and the records of burns."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of objectives."""
    op.create_table(
        "ledger",
        sa.Column("slo", sa.String(256), primary_key=True),
        sa.Column("sli", sa.String(16), primary_key=True),
        sa.Column("slo_group", sa.Text, primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("events", sa.Float, nullable=False),
        sa.Column("bad", sa.Float, nullable=False),
        sa.Column("watched", sa.Float, nullable=False),
        sa.Column("covered", sa.Float, nullable=False),
    )
    op.create_index("ledger_by_hour", "ledger", ["hour"])
    op.create_table(
        "burns",
        sa.Column("key", sa.String(16), primary_key=True),
        sa.Column("slo", sa.String(256), nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("until", sa.Float),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("burns_by_slo", "burns", ["slo", "since"])
    op.create_index("burns_by_end", "burns", ["until"])


def downgrade() -> None:
    """Drop the tables of objectives."""
    for table in ("burns", "ledger"):
        op.drop_table(table)
