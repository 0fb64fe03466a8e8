"""Deliveries of each announcement by channel, escalations, and what channels call their messages.

What was not sent yet is planned again by the routes that are configured.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Split the state of sending off the announcements."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("queued_at", sa.Float, nullable=False, server_default="0"))
        outbox.add_column(sa.Column("planned_at", sa.Float))
    op.execute("update outbox set planned_at = sent_at, queued_at = at")
    with op.batch_alter_table("outbox") as outbox:
        for column in ("sent_at", "attempts", "next_attempt"):
            outbox.drop_column(column)
    op.create_index("outbox_by_plan", "outbox", ["planned_at"])
    op.create_table(
        "deliveries",
        sa.Column("message", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("held", sa.Float),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.Float),
        sa.Column("done_at", sa.Float),
        sa.Column("outcome", sa.String(16)),
    )
    op.create_index("deliveries_waiting", "deliveries", ["channel", "done_at"])
    op.create_index("deliveries_by_subject", "deliveries", ["subject", "channel"])
    op.create_table(
        "channel_references",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(16), primary_key=True),
        sa.Column("reference", sa.Text, nullable=False),
    )
    op.create_table(
        "escalations",
        sa.Column("incident", sa.String(16), primary_key=True),
        sa.Column("route", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("message", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("done_at", sa.Float),
        sa.Column("outcome", sa.String(16)),
    )
    op.create_index("escalations_waiting", "escalations", ["done_at", "due"])


def downgrade() -> None:
    """Keep of each announcement whether it was sent to all of its channels."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("sent_at", sa.Float))
        outbox.add_column(sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
        outbox.add_column(sa.Column("next_attempt", sa.Float, nullable=False, server_default="0"))
    op.execute(
        "update outbox set sent_at = planned_at where not exists "
        "(select 1 from deliveries where message = outbox.number and done_at is null)"
    )
    op.execute("delete from outbox where transition in ('digest', 'escalated')")
    op.drop_index("outbox_by_plan", "outbox")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("planned_at")
        outbox.drop_column("queued_at")
    for table in ("escalations", "channel_references", "deliveries"):
        op.drop_table(table)
