"""The statements of an intake transaction, in the order in which they run.

Set-based, with one parameter for each column: 100 alerts cost one statement, 10,000 ten. They
run on the session's own connection (`exec_driver_sql`), inside its transaction. They take driver
parameters ($1, $2, …) in the order of the functions in repository.py. Benchmarks run exactly these
texts, so no part is filled in later.
"""

# Separates the cells of a column that is sent as one text. JSON and fingerprints cannot contain
# this control character.
SEPARATOR = "\x1f"
# The columns of texts of an alert, fingerprint to severity: an empty cell is null.
_JOINED = ", ".join(f"string_to_array(${number}::text, chr(31), '')" for number in range(3, 10))

# Counts every appearance, inserts new alerts, and returns the alerts that the report changes. The
# conflict branch updates only the counters, so it returns the state *before* this delivery. The row
# stays locked until the transaction ends.
# `xmax = 0` holds only for a row that was inserted by this very statement.
# ORDER BY keeps the order of locks the same for every delivery: no deadlocks. SEPARATOR joins the
# columns of texts, an empty cell is null, and `times` is null for one.
_UPSERT = f"""
WITH reported AS MATERIALIZED (
    SELECT fingerprint, status, labels::jsonb AS labels, annotations::jsonb AS annotations,
           alertname, service, severity, starts_at, ends_at, coalesce(times, 1) AS times
    FROM unnest(
        {_JOINED},
        $10::timestamptz[], $11::timestamptz[], $12::bigint[]
    ) AS t (fingerprint, status, labels, annotations, alertname, service, severity,
            starts_at, ends_at, times)
), upserted AS (
    INSERT INTO alert AS a (
        integration_id, fingerprint, status, labels, annotations, alertname, service, severity,
        starts_at, ends_at, status_changed_at, first_seen_at, last_seen_at, times_seen
    )
    SELECT $1::bigint, fingerprint, status, labels, annotations, alertname, service, severity,
           starts_at, ends_at, $2::timestamptz, $2::timestamptz, $2::timestamptz, times
    FROM reported
    ORDER BY fingerprint COLLATE "C"
    ON CONFLICT (integration_id, fingerprint) DO UPDATE
    SET times_seen = a.times_seen + excluded.times_seen,
        last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at)
    RETURNING a.fingerprint, a.status, a.labels, a.annotations, a.starts_at, a.ends_at,
              a.closed_through, a.status_changed_at, a.xmax = 0 AS is_new
)"""  # noqa: S608  # numbers of our own
_CHANGED = """
SELECT c.fingerprint, c.is_new, c.status, c.starts_at, c.closed_through, c.status_changed_at
FROM upserted AS c JOIN reported AS r USING (fingerprint)
WHERE c.is_new
   OR c.status <> r.status
   OR c.starts_at IS DISTINCT FROM r.starts_at
   OR c.ends_at IS DISTINCT FROM r.ends_at
   OR c.annotations <> r.annotations
   OR c.labels <> r.labels
"""


def _record(first: int) -> str:
    """Write the insertion of a delivery whose own parameters begin with this number."""
    counts = ("integer", "integer", "integer")
    types = ("text", "text", "bigint", "bytea", "bigint", *counts, "text", "jsonb", "bytea")
    own = [f"${first + place}::{type_}" for place, type_ in enumerate(types)]
    return f"""
INSERT INTO delivery (
    integration_id, received_at, group_key, receiver, truncated_alerts, body_sha256, body_bytes,
    accepted, rejected, repaired, refusal, rejections, evidence
)
VALUES ($1::bigint, $2::timestamptz, {", ".join(own)})
"""  # noqa: S608  # numbers and types of our own


# The first thousand alerts of a delivery with its record. Most deliveries need only this statement,
# and a statement costs the client as much as twenty alerts.
UPSERT_AND_RECORD = f"{_UPSERT}, recorded AS ({_record(first=13)}){_CHANGED}"
# Each further thousand.
UPSERT_ALERTS = f"{_UPSERT}{_CHANGED}"
# A delivery without alerts to store.
RECORD_DELIVERY = _record(first=3)

# Assigns the episode's id, which closing keeps when it moves the row.
OPEN_EPISODES = """
INSERT INTO open_episode (integration_id, fingerprint, opened_at)
SELECT $1::bigint, fingerprint, opened_at
FROM unnest($2::text[], $3::timestamptz[]) AS t (fingerprint, opened_at)
"""

# Reopens the episode that was closed last, under its id. If retention has dropped it, a new one
# begins.
REOPEN_EPISODES = """
WITH reopened AS (
    SELECT fingerprint, closed_at, started_at
    FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[])
        AS t (fingerprint, closed_at, started_at)
), taken AS (
    DELETE FROM episode AS e USING reopened AS r
    WHERE e.integration_id = $1::bigint
      AND e.fingerprint = r.fingerprint
      AND e.closed_at = r.closed_at
    RETURNING e.id, e.fingerprint, e.opened_at
)
INSERT INTO open_episode (id, integration_id, fingerprint, opened_at)
SELECT coalesce(t.id, nextval('episode_id_seq')), $1::bigint, r.fingerprint,
       coalesce(t.opened_at, r.started_at)
FROM reopened AS r LEFT JOIN taken AS t USING (fingerprint)
"""

# These statements find rows by their whole key, whatever the statistics say: OFFSET 0 keeps the
# search apart from the rest. A join lets the planner read all rows of an integration for each
# fingerprint while statistics are old, which they are in an alert storm: 30,000 alerts opened in
# 7 s and closed in 55 s. Their alerts are locked, so the rows keep their places.
CLOSE_EPISODES = """
DELETE FROM open_episode AS o
USING unnest($2::text[]) AS r (fingerprint)
CROSS JOIN LATERAL (
    SELECT ctid FROM open_episode WHERE integration_id = $1::bigint AND fingerprint = r.fingerprint
    OFFSET 0
) AS found
WHERE o.ctid = found.ctid
RETURNING o.id, o.fingerprint, o.opened_at
"""

# Closed episodes keep the id under which they were open; the others, of which only the end was
# reported, get one.
RECORD_EPISODES = """
INSERT INTO episode (integration_id, resolved_by, id, fingerprint, opened_at, closed_at,
                     alertname, service, severity)
SELECT $1::bigint, $2::text, coalesce(id, nextval('episode_id_seq')), fingerprint, opened_at,
       closed_at, alertname, service, severity
FROM unnest(
    $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[],
    $9::text[]
) AS t (id, fingerprint, opened_at, closed_at, alertname, service, severity)
"""

# A resolved report without annotations leaves those of the firing one: what it said, and the
# runbook, are read in the morning.
UPDATE_ALERTS = f"""
UPDATE alert AS a
SET status = u.status, labels = u.labels::jsonb,
    annotations = CASE WHEN u.status = 'resolved' AND u.annotations = '{{}}' THEN a.annotations
                       ELSE u.annotations::jsonb END,
    alertname = u.alertname, service = u.service, severity = u.severity,
    starts_at = u.starts_at, ends_at = u.ends_at,
    closed_through = coalesce(u.closed_through, a.closed_through),
    status_changed_at = CASE WHEN u.changes THEN $2::timestamptz ELSE a.status_changed_at END
FROM unnest(
    {_JOINED},
    $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::boolean[]
) AS u (fingerprint, status, labels, annotations, alertname, service, severity,
        starts_at, ends_at, closed_through, changes)
CROSS JOIN LATERAL (
    SELECT ctid FROM alert WHERE integration_id = $1::bigint AND fingerprint = u.fingerprint
    OFFSET 0
) AS found
WHERE a.ctid = found.ctid
"""  # noqa: S608  # numbers of our own
