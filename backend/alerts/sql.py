"""The statements of an intake transaction, in the order in which they run.

Set-based, with one parameter for each column: 100 alerts cost one statement, 10,000 ten. They
run on the session's own connection (`exec_driver_sql`), inside its transaction. They take driver
parameters ($1, $2, …) in the order of the functions in repository.py. Benchmarks run exactly these
texts, so no part is filled in later.
"""

# Separates the cells of a column that is sent as one text. JSON and fingerprints cannot contain
# this control character.
SEPARATOR = "\x1f"

# Counts every appearance, inserts new alerts, and returns the alerts that the report changes. The
# conflict branch updates only the counters, so it returns the state *before* this delivery. The row
# stays locked until the transaction ends.
# `xmax = 0` holds only for a row that was inserted by this very statement.
# ORDER BY keeps the order of locks the same for every delivery: no deadlocks. SEPARATOR joins the
# columns of texts, an empty cell is null, and `times` is null for one.
_UPSERT = """
WITH reported AS MATERIALIZED (
    SELECT fingerprint, status, labels::jsonb AS labels, annotations::jsonb AS annotations,
           alertname, service, severity, starts_at, ends_at, coalesce(times, 1) AS times
    FROM unnest(
        string_to_array($3::text, chr(31), ''), string_to_array($4::text, chr(31), ''),
        string_to_array($5::text, chr(31), ''), string_to_array($6::text, chr(31), ''),
        string_to_array($7::text, chr(31), ''), string_to_array($8::text, chr(31), ''),
        string_to_array($9::text, chr(31), ''),
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
)"""
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

# If clocks disagree and an end comes before its beginning, our own clock counts.
CLOSE_EPISODES = """
WITH ended AS (
    SELECT fingerprint, ended_at
    FROM unnest($3::text[], $4::timestamptz[]) AS t (fingerprint, ended_at)
), closed AS (
    DELETE FROM open_episode AS o USING ended AS e
    WHERE o.integration_id = $1::bigint AND o.fingerprint = e.fingerprint
    RETURNING o.id, o.fingerprint, o.opened_at,
              CASE WHEN e.ended_at >= o.opened_at THEN e.ended_at
                   ELSE greatest($2::timestamptz, o.opened_at) END AS closed_at
)
INSERT INTO episode (id, integration_id, fingerprint, opened_at, closed_at, resolved_by,
                     alertname, service, severity)
SELECT c.id, $1::bigint, c.fingerprint, c.opened_at, c.closed_at, $5::text,
       a.alertname, a.service, a.severity
FROM closed AS c
JOIN alert AS a ON a.integration_id = $1::bigint AND a.fingerprint = c.fingerprint
RETURNING fingerprint, closed_at
"""

RECORD_EPISODES = """
INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at, resolved_by,
                     alertname, service, severity)
SELECT $1::bigint, r.fingerprint, r.opened_at, r.closed_at, $5::text,
       a.alertname, a.service, a.severity
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[])
    AS r (fingerprint, opened_at, closed_at)
JOIN alert AS a ON a.integration_id = $1::bigint AND a.fingerprint = r.fingerprint
"""

# A resolved report without annotations leaves those of the firing one: what it said, and the
# runbook, are read in the morning.
UPDATE_ALERTS = """
UPDATE alert AS a
SET status = u.status, labels = u.labels::jsonb,
    annotations = CASE WHEN u.status = 'resolved' AND u.annotations = '{}' THEN a.annotations
                       ELSE u.annotations::jsonb END,
    alertname = u.alertname, service = u.service, severity = u.severity,
    starts_at = u.starts_at, ends_at = u.ends_at,
    closed_through = coalesce(u.closed_through, a.closed_through),
    status_changed_at = CASE WHEN u.changes THEN $2::timestamptz ELSE a.status_changed_at END
FROM unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::boolean[]
) AS u (fingerprint, status, labels, annotations, alertname, service, severity,
        starts_at, ends_at, closed_through, changes)
WHERE a.integration_id = $1::bigint AND a.fingerprint = u.fingerprint
"""
