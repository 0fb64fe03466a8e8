"""The evidence of incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table of evidence."""
    op.create_table(
        "evidence",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the table of evidence."""
    op.drop_table("evidence")
