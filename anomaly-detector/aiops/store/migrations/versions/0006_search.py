"""The kind of the cause of incidents, and the words by which they are found."""

from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
AT_ONCE = 500


def upgrade() -> None:
    """Add the kind and the words of incidents, and fill them from the documents."""
    op.add_column("incidents", sa.Column("kind", sa.String(16)))
    op.add_column("incidents", sa.Column("words", sa.Text, nullable=False, server_default=""))
    op.drop_index("incidents_by_state", "incidents")
    op.create_index("incidents_by_state", "incidents", ["state", "number"])  # lists are in the order of numbers
    op.create_index("incidents_by_kind", "incidents", ["kind", "number"])
    connection = op.get_bind()
    table = sa.table("incidents", sa.column("key"), sa.column("kind"), sa.column("words"), sa.column("document"))
    after = ""
    while True:
        some = sa.select(table.c.key, table.c.document).where(table.c.key > after).order_by(table.c.key).limit(AT_ONCE)
        rows = connection.execute(some).all()
        for key, document in rows:
            kind, words = _found_by(orjson.loads(document))
            connection.execute(sa.update(table).where(table.c.key == key).values(kind=kind, words=words))
            after = key
        if len(rows) < AT_ONCE:
            return


def downgrade() -> None:
    """Drop the kind and the words of incidents."""
    op.drop_index("incidents_by_state", "incidents")
    op.create_index("incidents_by_state", "incidents", ["state", "first_detected"])
    op.drop_index("incidents_by_kind", "incidents")
    op.drop_column("incidents", "words")
    op.drop_column("incidents", "kind")


def _found_by(one: dict[str, Any]) -> tuple[str | None, str]:
    """Return kind and words of an incident's document, as the release of this migration writes them."""
    root = one.get("root_cause") or {}
    cause = root.get("cause") or {}
    parts = [one.get("id"), one.get("title"), root.get("description") if root else one.get("no_cause")]
    parts += [cause.get("service"), *(one.get("affected_services") or ()), *(one.get("affected_endpoints") or ())]
    return cause.get("kind"), " ".join(str(part or "") for part in parts).lower()
