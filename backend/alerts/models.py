"""The tables of alerts. docs/adr/0010 says what they mean, 0011 why they are split this way.

What is open lives in unpartitioned tables, because a unique index of a partitioned table must
contain the partition key. What is over lives in partitions, which are dropped as a whole.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from backend.alerts.schemas import AlertStatus
from backend.db.base import metadata
from backend.integrations.models import Integration

_Instant = DateTime(timezone=True)
# Byte order: the order in which Python sorts, so that everybody locks rows in the same order.
_Fingerprint = Text(collation="C")


_STATUSES = ", ".join(f"'{status}'" for status in AlertStatus)


# The only columns of another package that are read here, and never written.
integration = metadata.tables[Integration.__tablename__]

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("integration_id", BigInteger, ForeignKey("integration.id"), nullable=False),
    Column("fingerprint", _Fingerprint, nullable=False),
    Column("status", Text, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("annotations", JSONB, nullable=False),
    Column("alertname", Text),
    Column("service", Text),
    Column("severity", Text),
    Column("starts_at", _Instant),
    Column("ends_at", _Instant),
    # The end of the newest closed episode: what is reported to have happened up to here is known.
    Column("closed_through", _Instant),
    Column("status_changed_at", _Instant, nullable=False),
    Column("first_seen_at", _Instant, nullable=False),
    Column("last_seen_at", _Instant, nullable=False),
    Column("times_seen", BigInteger, nullable=False),
    # Since when a firing report contradicts the end in closed_through. The status is firing.
    Column("contested_since", _Instant),
    # False while all that was reported of the newest episode is its end.
    Column("firing_seen", Boolean, nullable=False, server_default=text("true")),
    # Addresses that help a person: {"source": "https://…"}. A repeat does not change them.
    Column("links", JSONB),
    # Two hosts that report this alert with starts far apart, until its next change.
    Column("rivals", Text),
    UniqueConstraint("integration_id", "fingerprint"),
    CheckConstraint(f"status IN ({_STATUSES})", name="status_known"),
    # The order of lists, whole and of one status, service or severity: the last change, newest
    # first. The time changes only with the status.
    Index(None, "status_changed_at", "id"),
    Index(None, "status", "status_changed_at", "id"),
    Index(None, "service", "status_changed_at", "id"),
    Index(None, "severity", "status_changed_at", "id"),
    # Empty but for the alerts that wait for somebody, or for their time.
    Index(
        "ix_alert_contested",
        "contested_since",
        postgresql_where=text("contested_since IS NOT NULL"),
    ),
    Index(
        "ix_alert_labels",
        "labels",
        postgresql_using="gin",
        postgresql_ops={"labels": "jsonb_path_ops"},
    ),
    # Half of each page is room for the next repeat of the same alerts, which then touches no index:
    # all updates are heap-only, and the table ends up smaller than with full pages.
    postgresql_with={"fillfactor": 50},
)
# No column that a repeat changes may be in an index: last_seen_at and times_seen stay out.

episode_id = Sequence("episode_id_seq", metadata=metadata)

# At most one open episode for each alert, by its primary key. No foreign keys here and below: they
# would double the cost of an alert storm, and the only statements that delete are in this package
# and in backend.retention.
open_episode = Table(
    "open_episode",
    metadata,
    Column("id", BigInteger, episode_id, server_default=episode_id.next_value(), nullable=False),
    Column("integration_id", BigInteger, nullable=False),
    Column("fingerprint", _Fingerprint, nullable=False),
    Column("opened_at", _Instant, nullable=False),
    PrimaryKeyConstraint("integration_id", "fingerprint"),
    Index(None, "opened_at", "id"),
)

# Outlives the alert's row by a year, hence the copies of its labels.
episode = Table(
    "episode",
    metadata,
    Column("id", BigInteger, episode_id, server_default=episode_id.next_value(), nullable=False),
    Column("integration_id", BigInteger, nullable=False),
    Column("fingerprint", _Fingerprint, nullable=False),
    Column("opened_at", _Instant, nullable=False),
    Column("closed_at", _Instant, nullable=False),
    # A ResolvedBy. No check: to allow one more word it would read millions of rows again.
    Column("resolved_by", Text, nullable=False),
    Column("alertname", Text),
    Column("service", Text),
    Column("severity", Text),
    # Null in rows of releases before 0005.
    Column("labels", JSONB),
    PrimaryKeyConstraint("integration_id", "fingerprint", "closed_at", "id"),
    # The order of lists: closing and reopening do not change it.
    Index(None, "opened_at", "id"),
    # The few that may have begun long before the time that is asked for.
    Index(
        "ix_episode_long",
        "opened_at",
        "id",
        postgresql_where=text("closed_at - opened_at > interval '1 day'"),
    ),
    postgresql_partition_by="RANGE (closed_at)",
)

# When and for which hosts we last saw two clusters behind one integration.
shared_integration = Table(
    "shared_integration",
    metadata,
    Column("integration_id", BigInteger, ForeignKey("integration.id"), primary_key=True),
    Column("seen_at", _Instant, nullable=False),
    Column("hosts", Text, nullable=False),
)

delivery_id = Sequence("delivery_id_seq", metadata=metadata)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigInteger, delivery_id, server_default=delivery_id.next_value(), nullable=False),
    Column("integration_id", BigInteger, nullable=False),
    Column("received_at", _Instant, nullable=False),
    # Display only: it changes whenever somebody edits Alertmanager's routes.
    Column("group_key", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("truncated_alerts", BigInteger, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    # Alerts stored with a part converted, cut or left out.
    Column("repaired", Integer, nullable=False, server_default=text("0")),
    # The code of the problem when the whole body was refused.
    Column("refusal", Text),
    # The first rejected alerts as [{index, code, detail}]; for a refusal its own code and detail.
    Column("rejections", JSONB(none_as_null=True)),
    # The beginning of a body in which something was refused.
    Column("evidence", LargeBinary),
    PrimaryKeyConstraint("integration_id", "received_at", "id"),
    Index(
        "ix_delivery_rejections",
        "integration_id",
        "received_at",
        postgresql_where=text("rejections IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (received_at)",
)
