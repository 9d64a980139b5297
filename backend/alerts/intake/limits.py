"""Limits of one delivery. Labels beyond them are rejected with a code, annotations are cut.

They are far above what Prometheus rules produce and far below what would hurt: the largest legal
body must fit the memory of a pod, and every stored text must fit its column's index.
"""

MAX_ALERTS = 100_000  # in one delivery; 32 MiB of ordinary alerts are about 50,000
MAX_MEMBERS = 1000  # of one delivery, beside its alerts; senders have about fifteen
MAX_ALERT_BYTES = 1024 * 1024  # JSON of one alert, without its annotations

MAX_FINGERPRINT_CHARACTERS = 128
MAX_LABELS = 128
MAX_ANNOTATIONS = 128
MAX_NAME_CHARACTERS = 256
MAX_LABEL_VALUE_CHARACTERS = 16_384
MAX_ANNOTATION_CHARACTERS = 65_536
MAX_ANNOTATIONS_CHARACTERS = 256 * 1024  # in all of one alert
MAX_LINK_CHARACTERS = 2048  # what browsers and proxies take

# Promoted labels are copies for filters and grouping, cut to what a B-tree entry can hold.
MAX_PROMOTED_CHARACTERS = 255
# Display only, and as long as the sender's label values.
MAX_GROUP_KEY_CHARACTERS = 2048
MAX_RECEIVER_CHARACTERS = 256

# Rejections, and repairs, listed in an answer; rejections kept with the delivery.
MAX_REPORTED_NOTES = 1000
MAX_STORED_REJECTIONS = 20
# Part of a refused or partly rejected body that is kept as evidence.
MAX_EVIDENCE_BYTES = 16 * 1024

# Alerts written by one statement: bounded memory and event-loop time, few round trips.
CHUNK_ALERTS = 1000
CHUNK_BYTES = 1024 * 1024
# From here on a body is read and split one at a time; ordinary deliveries are far smaller.
LARGE_BODY_BYTES = 1024 * 1024
# Of smaller ones that are read and stored at the same time: as many of 1 MiB as the pool has
# connections. Parsed, one takes some five times its size.
SMALL_BODIES_BYTES = 8 * 1024 * 1024
# From here on an alert is repaired in a thread, beside the event loop.
LARGE_ALERT_BYTES = 64 * 1024
