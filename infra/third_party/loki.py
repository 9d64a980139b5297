"""Loki keeps the logs that Alloy sends it: on a volume, or in a bucket. Pure."""

from infra import versions
from infra.config.observability import ObservabilityOptions
from infra.third_party.charts import chart_values, merged
from infra.third_party.pods import Pods, Workload, of_release

NAME, PORT = "loki", 3100
# Loki finds itself by a Service: its ring, and its own queries.
RING_PORT, GRPC_PORT = 7946, 9095
PODS = Pods(NAME, Workload("loki", 100, 256), of_release(NAME, NAME))
ALLOY = Pods("alloy", Workload("alloy", 32, 130, per_node=True), of_release("alloy", "alloy"))
ALLOY_PORT = 12345
# Loki's schema calendar: add entries, never change one.
SCHEMA_FROM, SCHEMA = "2024-04-01", "v13"


def loki_values(options: ObservabilityOptions, *, region: str, bucket: object) -> dict[str, object]:
    """Values of loki. AWS creates the bucket; it is placed unchanged."""
    logs = options.logs
    days = f"{logs.retention_days * 24}h"
    store = "s3" if logs.object_storage else "filesystem"
    storage: dict[str, object] = {"type": store}
    if logs.object_storage:
        storage |= {
            "bucketNames": {"chunks": bucket, "ruler": bucket},
            "s3": {"region": region},
        }
    period = {
        "from": SCHEMA_FROM,
        "store": "tsdb",
        "object_store": store,
        "schema": SCHEMA,
        "index": {"prefix": "loki_index_", "period": "24h"},
    }
    place = {
        "loki": {
            "storage": storage,
            "schemaConfig": {"configs": [period]},
            "limits_config": {"retention_period": days, "max_query_lookback": days},
            "compactor": {"delete_request_store": store},
        },
        "singleBinary": {
            "persistence": {
                "enabled": True,
                "storageClass": options.storage_class,
                "size": f"{logs.storage_gb}Gi",
            }
        },
    }
    return merged(chart_values(versions.LOKI_CHART), place)
