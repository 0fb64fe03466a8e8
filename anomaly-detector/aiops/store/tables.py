"""The tables, defined for SQLAlchemy. The migrations of Alembic create them; a test compares the two."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

HEAD = "0011"  # the migration this code is written for

metadata = MetaData()

incidents = Table(
    "incidents",
    metadata,
    Column("key", String(16), primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("first_detected", Float, nullable=False),
    Column("resolved_at", Float),
    Column("services", Text, nullable=False),  # |payment|checkout|: affected ones, the cause first
    Column("document", Text, nullable=False),  # the whole incident as JSON
    Column("fingerprint", String(16)),  # NULL: written by a release without fingerprints
    Column("kind", String(16)),  # of its cause; NULL: no cause is known
    Column("words", Text, nullable=False, server_default=""),  # in small letters: what a search looks in
    Index("incidents_by_state", "state", "number"),
    Index("incidents_by_fingerprint", "fingerprint", "number"),
    Index("incidents_by_end", "resolved_at"),
    Index("incidents_by_kind", "kind", "number"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("incident", String(16), primary_key=True),  # its key
    Column("document", Text, nullable=False),  # as JSON; beside the incident, which is read and written every cycle
)

findings = Table(
    "findings",
    metadata,
    Column("series", Text, primary_key=True),
    Column("family", String(16), primary_key=True),
    Column("onset", Float, primary_key=True),
    Column("last", Float, nullable=False),
    Column("score", Float, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("incident", String(16), nullable=False),
    Column("transition", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Column("document", Text, nullable=False),
    Column("sent_at", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt", Float, nullable=False, default=0.0),
    UniqueConstraint("incident", "transition", "at", name="outbox_once"),
)

progress = Table(
    "progress",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("who", String(128), nullable=False),
    Column("how", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject", String(128), nullable=False),  # an incident's id, a token's, the name of a user
    Column("text", Text, nullable=False),
    Column("before", Text),  # as JSON
    Column("after", Text),
    Column("previous", String(64), nullable=False),  # the hash of the row before
    Column("hash", String(64), nullable=False),
    Index("audit_by_subject", "subject", "number"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the secret
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("start", String(16), nullable=False),  # the first characters of the secret
    Column("created_at", Float, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
    Column("revoked_by", String(128), nullable=False, server_default=""),
    Column("last_used_at", Float),
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", String(256), nullable=False),  # argon2, with its parameters
    Column("created_at", Float, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("changed_at", Float, nullable=False),  # its password or role
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the secret in the cookie
    Column("name", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("how", String(16), nullable=False),
    Column("source", String(160), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("address", String(64), nullable=False),
    Index("sessions_by_source", "source"),
)

accepted = Table(
    "accepted",
    metadata,
    Column("incident", String(64), primary_key=True),  # its id
    Column("at", Float, primary_key=True),
    Column("who", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", Text, nullable=False),  # what was expected before and after, as JSON
    Column("learned", LargeBinary, nullable=False),  # the learned state before it
    Column("undone_at", Float),
    Column("undone_by", String(128)),
)

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("who", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("service", String(256), nullable=False),
    Column("version", String(256), nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String(32), nullable=False, server_default=""),
    Column("fact", String(256)),  # what it is known by where it may be told again; null where it may not
    Column("comparison", Text),  # its version beside the old one, as JSON
    Index("changes_by_time", "at"),
    Index("changes_by_fact", "fact", unique=True),
)

alerts = Table(
    "alerts",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_at", Float, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("ends_at", Float),
    Column("heard_at", Float, nullable=False),
    Column("services", Text, nullable=False),  # |payment|: the services that its labels name
    Column("document", Text, nullable=False),  # the whole alert as JSON
    Index("alerts_by_time", "starts_at"),
    Index("alerts_by_state", "state", "ends_at"),
)

alert_links = Table(
    "alert_links",
    metadata,
    Column("incident", String(16), primary_key=True),  # its key
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_at", Float, primary_key=True),
    Column("told", String(16), nullable=False),  # the state of the alert that the incident's timeline tells
    Index("alert_links_by_alert", "fingerprint", "starts_at"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("slo", String(256), primary_key=True),
    Column("sli", String(16), primary_key=True),  # which events it counts
    Column("slo_group", Text, primary_key=True),  # as JSON, as long as a route can be
    Column("hour", Integer, primary_key=True),  # its end, Unix seconds / 3600
    Column("events", Float, nullable=False),
    Column("bad", Float, nullable=False),
    Column("watched", Float, nullable=False),  # seconds
    Column("covered", Float, nullable=False),  # seconds
    Index("ledger_by_hour", "hour"),
)

burns = Table(
    "burns",
    metadata,
    Column("key", String(16), primary_key=True),
    Column("slo", String(256), nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float),
    Column("document", Text, nullable=False),  # the whole record as JSON
    Index("burns_by_slo", "slo", "since"),
    Index("burns_by_end", "until"),
)
