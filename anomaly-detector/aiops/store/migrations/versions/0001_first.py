"""Incidents, findings, outbox, progress, audit, changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "incidents",
        sa.Column("key", sa.String(16), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("first_detected", sa.Float, nullable=False),
        sa.Column("resolved_at", sa.Float),
        sa.Column("services", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_state", "incidents", ["state", "first_detected"])
    op.create_table(
        "findings",
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("family", sa.String(16), primary_key=True),
        sa.Column("onset", sa.Float, primary_key=True),
        sa.Column("last", sa.Float, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("incident", sa.String(16), nullable=False),
        sa.Column("transition", sa.String(16), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Float),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", sa.Float, nullable=False),
        sa.UniqueConstraint("incident", "transition", "at", name="outbox_once"),
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("incident", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("service", sa.String(256), nullable=False),
        sa.Column("version", sa.String(256), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("changes_by_time", "changes", ["at"])


def downgrade() -> None:
    """Drop the first tables."""
    for table in ("changes", "audit", "progress", "outbox", "findings", "incidents"):
        op.drop_table(table)
