"""The statements of an intake transaction, in the order in which they run.

Set-based, with one parameter for each column: 100 alerts cost one statement, 10,000 ten. They
run on the session's own connection (`exec_driver_sql`), inside its transaction. They take driver
parameters ($1, $2, …) in the order of the functions in repository.py. Benchmarks run exactly these
texts, so no part is filled in later.
"""

# Separates the cells of a column that is sent as one text. JSON and fingerprints cannot contain
# this control character.
SEPARATOR = "\x1f"
_TEXTS = 8


def _joined(first: int) -> str:
    """Split the columns of texts of an alert, fingerprint to links: an empty cell is null."""
    numbers = range(first, first + _TEXTS)
    return ", ".join(f"string_to_array(${number}::text, chr(31), '')" for number in numbers)


# Counts every appearance, inserts new alerts, and returns the alerts that the report changes. The
# conflict branch updates only the counters, so it returns the state *before* this delivery. The row
# stays locked until the transaction ends.
# `xmax = 0` holds only for a row that was inserted by this very statement.
# ORDER BY keeps the order of locks the same for every delivery: no deadlocks. SEPARATOR joins the
# columns of texts, an empty cell is null, and `times` is null for one. Most alerts of a delivery
# have the same links, which are sent once ($14): to parse them for each would slow down repeats.
_UPSERT = f"""
WITH reported AS MATERIALIZED (
    SELECT fingerprint, status, labels::jsonb AS labels, annotations::jsonb AS annotations,
           alertname, service, severity, links, starts_at, ends_at, coalesce(times, 1) AS times
    FROM unnest(
        {_joined(3)},
        $11::timestamptz[], $12::timestamptz[], $13::bigint[]
    ) AS t (fingerprint, status, labels, annotations, alertname, service, severity, links,
            starts_at, ends_at, times)
), upserted AS (
    INSERT INTO alert AS a (
        integration_id, fingerprint, status, labels, annotations, alertname, service, severity,
        links, starts_at, ends_at, status_changed_at, first_seen_at, last_seen_at, times_seen
    )
    SELECT $1::bigint, fingerprint, status, labels, annotations, alertname, service, severity,
           coalesce(links::jsonb, $14::jsonb), starts_at, ends_at,
           $2::timestamptz, $2::timestamptz, $2::timestamptz, times
    FROM reported
    ORDER BY fingerprint COLLATE "C"
    ON CONFLICT (integration_id, fingerprint) DO UPDATE
    SET times_seen = a.times_seen + excluded.times_seen,
        last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at)
    RETURNING a.fingerprint, a.status, a.labels, a.annotations, a.starts_at, a.ends_at, a.links,
              a.closed_through, a.status_changed_at, a.contested_since, a.firing_seen, a.rivals,
              a.xmax = 0 AS is_new
)"""  # noqa: S608  # numbers of our own
# A resolved report without annotations leaves those of the firing one: what it said, and the
# runbook, are read in the morning. Replicas send different links, so these are news only when an
# alert fires again or with a later start. They are returned for an earlier one, to compare hosts.
_CHANGED = """
SELECT c.fingerprint, c.is_new,
       c.labels <> r.labels AND NOT (r.status = 'resolved' AND r.labels = '{}')
           OR c.annotations <> r.annotations
           AND NOT (r.status = 'resolved' AND r.annotations = '{}')
           OR r.status = 'firing' AND (c.status = 'resolved' OR r.starts_at > c.starts_at) IS TRUE
           AND coalesce(r.links::jsonb, $14::jsonb, c.links) IS DISTINCT FROM c.links AS rewritten,
       CASE WHEN c.status = 'firing' AND r.status = 'firing' AND r.starts_at < c.starts_at
            THEN c.links::text END AS links,
       c.status, c.starts_at, c.closed_through, c.status_changed_at, c.contested_since,
       c.firing_seen, c.rivals
FROM upserted AS c JOIN reported AS r USING (fingerprint)
WHERE c.is_new
   OR c.status <> r.status
   OR c.starts_at IS DISTINCT FROM r.starts_at
   OR c.ends_at IS DISTINCT FROM r.ends_at
   OR c.annotations <> r.annotations
   OR c.labels <> r.labels
   OR c.contested_since IS NOT NULL
   OR c.rivals IS NOT NULL
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
UPSERT_AND_RECORD = f"{_UPSERT}, recorded AS ({_record(first=15)}){_CHANGED}"
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
    DELETE FROM episode AS e USING reopened AS r CROSS JOIN LATERAL (
        SELECT tableoid, ctid FROM episode
        WHERE integration_id = $1::bigint
          AND fingerprint = r.fingerprint
          AND closed_at = r.closed_at
        -- Several may end then: an alert that retention forgot is told its history again.
        ORDER BY id DESC LIMIT 1
    ) AS found
    WHERE e.tableoid = found.tableoid AND e.ctid = found.ctid
    RETURNING e.id, e.fingerprint, e.opened_at
)
INSERT INTO open_episode (id, integration_id, fingerprint, opened_at)
SELECT coalesce(t.id, nextval('episode_id_seq')), $1::bigint, r.fingerprint,
       coalesce(t.opened_at, r.started_at)
FROM reopened AS r LEFT JOIN taken AS t USING (fingerprint)
"""

# The statements below find rows by their whole key, whatever the statistics say: OFFSET 0 keeps the
# search apart from the rest. A join lets the planner read all rows of an integration for each
# fingerprint while statistics are old, which they are in an alert storm: 30,000 alerts opened in
# 7 s and closed in 55 s. Their alerts are locked, so the rows keep their places.

# Ends episodes and their alerts. A closed episode keeps the id under which it was open; one of
# which only the end was reported gets an id, and the start that was reported with it. If clocks
# disagree and an end comes before its beginning, our own clock counts.
END_EPISODES = """
WITH ended AS MATERIALIZED (
    SELECT fingerprint, opened_at, ended_at, starts_at
    FROM unnest(
        string_to_array($3::text, chr(31)),
        $4::timestamptz[], $5::timestamptz[], $6::timestamptz[]
    ) AS t (fingerprint, opened_at, ended_at, starts_at)
), taken AS (
    DELETE FROM open_episode AS o
    USING ended AS e CROSS JOIN LATERAL (
        SELECT ctid FROM open_episode
        WHERE integration_id = $1::bigint AND fingerprint = e.fingerprint
        OFFSET 0
    ) AS found
    WHERE o.ctid = found.ctid
    RETURNING o.id, o.fingerprint, o.opened_at
), closed AS MATERIALIZED (
    SELECT t.id, fingerprint, coalesce(t.opened_at, e.opened_at) AS opened_at,
           e.starts_at,
           CASE WHEN e.ended_at < t.opened_at THEN greatest($2::timestamptz, t.opened_at)
                ELSE e.ended_at END AS closed_at
    FROM ended AS e LEFT JOIN taken AS t USING (fingerprint)
), updated AS (
    UPDATE alert AS a
    SET status = 'resolved', starts_at = c.starts_at, ends_at = c.closed_at,
        closed_through = c.closed_at, status_changed_at = $2::timestamptz, contested_since = NULL,
        firing_seen = c.id IS NOT NULL
    FROM closed AS c CROSS JOIN LATERAL (
        SELECT ctid FROM alert
        WHERE integration_id = $1::bigint AND fingerprint = c.fingerprint
        OFFSET 0
    ) AS found
    WHERE a.ctid = found.ctid
    RETURNING c.id, a.fingerprint, c.opened_at, c.closed_at, a.alertname, a.service, a.severity,
              a.labels
)
INSERT INTO episode (integration_id, resolved_by, id, fingerprint, opened_at, closed_at,
                     alertname, service, severity, labels)
SELECT $1::bigint, 'alertmanager', coalesce(id, nextval('episode_id_seq')), fingerprint, opened_at,
       closed_at, alertname, service, severity, labels
FROM updated
"""

# The alert `a` of each row of `u`.
_ALERT_OF_U = """CROSS JOIN LATERAL (
    SELECT ctid FROM alert WHERE integration_id = $1::bigint AND fingerprint = u.fingerprint
    OFFSET 0
) AS found
WHERE a.ctid = found.ctid
"""

# Alerts that fire, again or still.
FIRE_ALERTS = f"""
UPDATE alert AS a
SET status = 'firing', starts_at = u.starts_at, ends_at = NULL, firing_seen = true, rivals = NULL,
    -- A release before 0005 leaves the time of a contest when it closes the alert.
    contested_since = CASE WHEN u.contested AND u.changes THEN $2::timestamptz
                           WHEN u.contested THEN coalesce(a.contested_since, $2::timestamptz) END,
    status_changed_at = CASE WHEN u.changes THEN $2::timestamptz ELSE a.status_changed_at END
FROM unnest(
    string_to_array($3::text, chr(31)), $4::timestamptz[], $5::boolean[], $6::boolean[]
) AS u (fingerprint, starts_at, contested, changes)
{_ALERT_OF_U}"""  # noqa: S608  # texts of our own

# What a person reads of an alert. The alert has the same labels in most reports, so this is rare; a
# resolved report without annotations, or without labels, leaves those of the firing one.
REWRITE_ALERTS = f"""
UPDATE alert AS a
SET labels = CASE WHEN bare THEN a.labels ELSE u.labels::jsonb END,
    annotations = CASE WHEN u.status = 'resolved' AND u.annotations = '{{}}' THEN a.annotations
                       ELSE u.annotations::jsonb END,
    alertname = CASE WHEN bare THEN a.alertname ELSE u.alertname END,
    service = CASE WHEN bare THEN a.service ELSE u.service END,
    severity = CASE WHEN bare THEN a.severity ELSE u.severity END,
    links = coalesce(u.links::jsonb, a.links)
FROM unnest({_joined(2)})
    AS u (fingerprint, status, labels, annotations, alertname, service, severity, links)
CROSS JOIN LATERAL (SELECT u.status = 'resolved' AND u.labels = '{{}}' AS bare) AS how
{_ALERT_OF_U}"""  # noqa: S608  # texts of our own

# Hosts of which one may be another cluster's, until the alert's next change.
SUSPECT_RIVALS = f"""
UPDATE alert AS a SET rivals = u.rivals
FROM unnest($2::text[], $3::text[]) AS u (fingerprint, rivals)
{_ALERT_OF_U}"""  # noqa: S608  # texts of our own

# The last statement of a delivery: who waits for this row holds nothing that its owner still needs.
NAME_RIVALS = """
INSERT INTO shared_integration (integration_id, seen_at, hosts)
VALUES ($1::bigint, $2::timestamptz, $3::text)
ON CONFLICT (integration_id) DO UPDATE SET seen_at = excluded.seen_at, hosts = excluded.hosts
RETURNING (SELECT slug FROM integration WHERE id = $1::bigint)
"""
