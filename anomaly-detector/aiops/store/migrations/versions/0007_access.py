"""Tokens, users and sessions; the audit as a chain of hashes, with how and from where somebody came, before and after.

The rows that are there begin the chain. What an earlier release did not record of them is `unknown` or empty.
"""

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
AT_ONCE = 500
ONLY_APPENDED = (
    "create trigger audit_not_changed before update on audit begin select raise(abort, 'audit rows stay'); end",
    "create trigger audit_not_deleted before delete on audit begin select raise(abort, 'audit rows stay'); end",
)


def upgrade() -> None:
    """Create the tables of access, and move the audit into its new table."""
    _create_access()
    op.rename_table("audit", "audit_before")
    new = op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("audit_by_subject", "audit", ["subject", "number"])
    connection = op.get_bind()
    old = sa.table("audit_before", *map(sa.column, ("number", "at", "who", "what", "incident", "text")))
    number, previous, count = 0, "0" * 64, 0
    while True:
        query = sa.select(old).where(old.c.number > number).order_by(old.c.number).limit(AT_ONCE)
        rows = [_row(one._mapping) for one in connection.execute(query)]
        if not rows:
            break
        for row in rows:
            row["previous"], row["hash"] = previous, _hash(row, previous)
            previous, number, count = row["hash"], row["number"], count + 1
        connection.execute(sa.insert(new), rows)
    progress = sa.table("progress", sa.column("name"), sa.column("value"))
    connection.execute(sa.insert(progress).values(name="audit", value=float(count)))
    op.drop_table("audit_before")
    if connection.dialect.name == "sqlite":
        for statement in ONLY_APPENDED:
            op.execute(statement)


def _row(old: Any) -> dict[str, Any]:
    kept = {name: old[name] for name in ("number", "at", "who", "what", "text")}
    return {**kept, "subject": old["incident"], "how": "unknown", "address": "", "before": None, "after": None}


def _hash(row: dict[str, Any], previous: str) -> str:
    names = {"who": "by_name", "how": "by_how", "address": "by_address"}
    told = {names.get(key, key): value for key, value in row.items() if key not in ("previous", "hash")}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(f"{previous}\n{text}".encode()).hexdigest()


def _create_access() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("start", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("revoked_at", sa.Float),
        sa.Column("revoked_by", sa.String(128), nullable=False, server_default=""),
        sa.Column("last_used_at", sa.Float),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(256), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("source", sa.String(160), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_index("sessions_by_source", "sessions", ["source"])


def downgrade() -> None:
    """Drop the tables of access, and the chain of the audit with what only it knew."""
    op.rename_table("audit", "audit_after")
    old = op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("incident", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    after = sa.table("audit_after", *map(sa.column, ("number", "at", "who", "what", "subject", "text")))
    op.get_bind().execute(
        sa.insert(old).from_select(["number", "at", "who", "what", "incident", "text"], sa.select(after))
    )
    op.drop_table("audit_after")
    op.execute("delete from progress where name = 'audit'")
    for table in ("sessions", "users", "api_tokens"):
        op.drop_table(table)
