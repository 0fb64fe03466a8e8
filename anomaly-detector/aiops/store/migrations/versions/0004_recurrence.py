"""Fingerprints of incidents, and declarations that symptoms are normal."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the fingerprint of incidents and the table of declarations that symptoms are normal."""
    op.add_column("incidents", sa.Column("fingerprint", sa.String(16)))
    op.create_index("incidents_by_fingerprint", "incidents", ["fingerprint", "number"])
    op.create_index("incidents_by_end", "incidents", ["resolved_at"])
    op.create_table(
        "accepted",
        sa.Column("incident", sa.String(64), primary_key=True),
        sa.Column("at", sa.Float, primary_key=True),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("learned", sa.LargeBinary, nullable=False),
        sa.Column("undone_at", sa.Float),
        sa.Column("undone_by", sa.String(128)),
    )


def downgrade() -> None:
    """Drop the fingerprint of incidents and the table of declarations that symptoms are normal."""
    op.drop_table("accepted")
    op.drop_index("incidents_by_end", "incidents")
    op.drop_index("incidents_by_fingerprint", "incidents")
    op.drop_column("incidents", "fingerprint")
