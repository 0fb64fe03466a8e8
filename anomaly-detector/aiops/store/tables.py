"""The tables, defined for SQLAlchemy. The migrations of Alembic create them; a test compares the two."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

HEAD = "0013"  # the migration this code is written for

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
    Column("queued_at", Float, nullable=False, server_default="0"),
    Column("planned_at", Float),  # when its channels were chosen
    UniqueConstraint("incident", "transition", "at", name="outbox_once"),
    Index("outbox_by_plan", "planned_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message", Integer, primary_key=True, autoincrement=False),  # its number in the outbox
    Column("channel", String(64), primary_key=True),
    Column("subject", String(16), nullable=False),  # the key of the incident or burn
    Column("due", Float, nullable=False),
    Column("held", Float),  # the end of quiet hours
    Column("attempts", Integer, nullable=False),
    Column("failing_since", Float),
    Column("done_at", Float),
    Column("outcome", String(16)),  # sent, refused, summed or superseded
    Index("deliveries_waiting", "channel", "done_at"),
    Index("deliveries_by_subject", "subject", "channel"),
)

channel_references = Table(
    "channel_references",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("subject", String(16), primary_key=True),
    Column("reference", Text, nullable=False),  # what the channel calls its message about the subject
)

escalations = Table(
    "escalations",
    metadata,
    Column("incident", String(16), primary_key=True),  # its key
    Column("route", String(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("message", Integer, primary_key=True, autoincrement=False),  # that started it
    Column("due", Float, nullable=False),
    Column("done_at", Float),
    Column("outcome", String(16)),  # told or stopped
    Index("escalations_waiting", "done_at", "due"),
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

comments = Table(
    "comments",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("incident", String(16), nullable=False),  # its key
    Column("at", Float, nullable=False),
    Column("who", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Index("comments_by_incident", "incident", "number"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("created_at", Float, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("until", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("matcher", Text, nullable=False),  # as JSON
    Column("ended_at", Float),  # NULL: nobody ended it earlier
    Column("ended_by", String(128), nullable=False, server_default=""),
    Index("silences_by_end", "until"),
)

dismissals = Table(
    "dismissals",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("fingerprint", String(16), nullable=False),
    Column("incident", String(64), nullable=False),  # its id
    Column("title", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("levels", Text, nullable=False),  # how bad each family was, as JSON
    Column("until", Float, nullable=False),
    Column("ended_at", Float),  # NULL: nobody took it back
    Column("ended_by", String(128), nullable=False, server_default=""),
    Index("dismissals_by_end", "until"),
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

actions = Table(
    "actions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("key", Text, nullable=False),  # the same for the same proposal
    Column("state", String(16), nullable=False),
    Column("subject", String(128), nullable=False),  # an incident's id, or an alert
    Column("target", String(256), nullable=False),
    Column("proposed_at", Float, nullable=False),
    Column("version", Integer, nullable=False),  # counts the changes: who writes must have read the last one
    Column("document", Text, nullable=False),  # the whole action as JSON
    Index("actions_by_state", "state", "number"),
    Index("actions_by_subject", "subject", "number"),
    Index("actions_by_key", "key"),
    Index("actions_by_time", "proposed_at"),
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

drills = Table(
    "drills",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("service", String(256), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("within", Float, nullable=False),  # seconds
    Column("lasts", Float, nullable=False),  # seconds
    Column("who", String(128), nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("result", String(16), nullable=False),
    Column("incident", String(64), nullable=False),  # its id
    Column("detected", Float),
    Column("text", Text, nullable=False),
    Index("drills_by_time", "started"),
    Index("drills_by_result", "result"),
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
