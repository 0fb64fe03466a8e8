"""Alerts of other systems, and the incidents that they concern."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of alerts."""
    op.create_table(
        "alerts",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("starts_at", sa.Float, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ends_at", sa.Float),
        sa.Column("heard_at", sa.Float, nullable=False),
        sa.Column("services", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("alerts_by_time", "alerts", ["starts_at"])
    op.create_index("alerts_by_state", "alerts", ["state", "ends_at"])
    op.create_table(
        "alert_links",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("starts_at", sa.Float, primary_key=True),
        sa.Column("told", sa.String(16), nullable=False),
    )
    op.create_index("alert_links_by_alert", "alert_links", ["fingerprint", "starts_at"])


def downgrade() -> None:
    """Drop the tables of alerts."""
    for table in ("alert_links", "alerts"):
        op.drop_table(table)
