"""The stand-in for Loki, short of a cluster: its own HTTP server on this machine."""

import copy
import functools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from e2e.monitoring import logql
from e2e.monitoring.loki import image
from e2e.monitoring.loki.check import disagreements, problems
from e2e.monitoring.loki.configuration import Limits, read
from e2e.monitoring.loki.durations import seconds
from e2e.monitoring.loki.errors import ConfigurationError
from e2e.monitoring.loki.server import _arguments, serve
from e2e.monitoring.loki.store import Store
from tests.support.chart import Tree

TRACE = "0af7651916cd43dd8448eb211c80319c"
LIMITS = Limits(
    allow_structured_metadata=True,
    max_label_names=3,
    max_line_bytes=100,
    max_streams=2,
    too_old=7200,
    too_new=600,
    retention=7200,
    max_lookback=7200,
)
CONFIGURATION: Tree = {
    "auth_enabled": False,
    "common": {
        "replication_factor": 1,
        "storage": {"filesystem": {"chunks_directory": "/var/loki/chunks"}},
    },
    "server": {"http_listen_port": 3100},
    "schema_config": {
        "configs": [
            {
                "schema": "v13",
                "store": "tsdb",
                "object_store": "filesystem",
                "index": {"period": "24h"},
            }
        ]
    },
    "limits_config": {
        "allow_structured_metadata": True,
        "retention_period": "168h",
        "max_query_lookback": "168h",
        "max_global_streams_per_user": 3000,
        "ingestion_rate_mb": 4,
        "ingestion_burst_size_mb": 8,
    },
    "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
    "memberlist": {"join_members": ["loki-memberlist"]},
}


class Client:
    def __init__(self, folder: Path, limits: Limits) -> None:
        self.store = Store(folder)
        self.server = serve(self.store, limits, 0)
        self._url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def push(self, *values: list[Any], **labels: str) -> int:
        body = {"streams": [{"stream": labels, "values": list(values)}]}
        return self.send("/loki/api/v1/push", json.dumps(body).encode())

    def send(self, path: str, body: bytes, kind: str = "application/json") -> int:
        headers = {"content-type": kind}
        return int(httpx2.post(self._url + path, content=body, headers=headers).status_code)

    def get(self, path: str, *, flags: str = "", **asked: str) -> Any:
        headers = {"x-loki-response-encoding-flags": flags} if flags else {}
        answer = httpx2.get(self._url + path, params=asked, headers=headers)
        answer.raise_for_status()
        return answer.json()["data"] if answer.text.startswith("{") else answer.text

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path, LIMITS)
    yield made
    made.stop()


def ago(seconds_ago: float) -> str:
    return str(time.time_ns() - int(seconds_ago * 1e9))


def test_a_line_is_found_by_the_metadata_that_it_came_with(client: Client) -> None:
    assert client.push([ago(3), "with", {"trace_id": TRACE}], namespace="a") == 204
    assert client.push([ago(2), "other", {"trace_id": "f" * 32}], namespace="a") == 204
    assert client.push([ago(1), "without"], namespace="a") == 204
    query = f'{{namespace=~".+"}} | trace_id = `{TRACE}`'
    found = client.get("/loki/api/v1/query_range", query=query)
    [stream] = found["result"]
    assert stream["stream"] == {"namespace": "a", "trace_id": TRACE}
    assert [line for _, line in stream["values"]] == ["with"]


def test_metadata_stands_beside_the_line_for_who_asks_so(client: Client) -> None:
    client.push([ago(2), "with", {"trace_id": TRACE}], [ago(1), "without"], namespace="a")
    found = client.get(
        "/loki/api/v1/query_range", flags="categorize-labels", query='{namespace="a"}'
    )
    assert found["encodingFlags"] == ["categorize-labels"]
    [stream] = found["result"]
    assert stream["stream"] == {"namespace": "a"}
    assert [value[1:] for value in stream["values"]] == [
        ["without", {}],
        ["with", {"structuredMetadata": {"trace_id": TRACE}}],
    ]


def test_what_was_taken_is_there_after_a_restart(client: Client, tmp_path: Path) -> None:
    time_of = ago(1)
    client.push([time_of, "line", {"trace_id": TRACE}], namespace="a")
    client.push([time_of, "line", {"trace_id": TRACE}], namespace="a")  # sent again
    [(stream, lines)] = Store(tmp_path).entries(0, time.time_ns())
    assert dict(stream) == {"namespace": "a"}
    assert [(line.text, dict(line.metadata)) for line in lines] == [("line", {"trace_id": TRACE})]


def test_what_is_older_than_the_retention_goes(client: Client, tmp_path: Path) -> None:
    client.push([ago(100), "old"], [ago(1), "new"], namespace="a")
    client.push([ago(100), "old"], namespace="b")
    client.store.forget(int(ago(50)))
    for store in (client.store, Store(tmp_path)):
        [(_, lines)] = store.entries(0, time.time_ns())
        assert [line.text for line in lines] == ["new"]


@pytest.mark.parametrize(
    ("value", "labels", "status"),
    [
        (["0", "x"], {"a": "1"}, 400),  # too old
        ([str(10**19), "x"], {"a": "1"}, 400),  # too new
        ([None, "x" * 101], {"a": "1"}, 400),
        ([None, "x"], {}, 400),
        ([None, "x"], {"a": "1", "b": "2", "c": "3", "d": "4"}, 400),
        ([None, "x"], {"a-b": "1"}, 400),
        ([None, "x", {"trace_id": 5}], {"a": "1"}, 400),
        ([None, 5], {"a": "1"}, 400),
        ([None], {"a": "1"}, 400),
    ],
)
def test_what_loki_refuses(
    client: Client, value: list[Any], labels: dict[str, str], status: int
) -> None:
    now = [value[0] or ago(1), *value[1:]]
    assert client.push(now, **labels) == status
    assert client.store.streams() == []


def test_no_more_streams_than_the_limit(client: Client) -> None:
    assert [client.push([ago(1), "x"], pod=name) for name in "abc"] == [204, 204, 429]


def test_no_metadata_where_it_is_not_allowed(tmp_path: Path) -> None:
    strict = Client(tmp_path, replace(LIMITS, allow_structured_metadata=False))
    assert strict.push([ago(1), "x", {"trace_id": TRACE}], a="1") == 400
    assert strict.push([ago(1), "x"], a="1") == 204
    strict.stop()


def test_other_bodies_and_paths_are_refused(client: Client) -> None:
    assert client.send("/loki/api/v1/push", b"\x01", "application/x-protobuf") == 415
    assert client.send("/loki/api/v1/push", b"{") == 400
    assert client.send("/loki/api/v1/push", b'{"streams": 5}') == 400
    assert client.send("/elsewhere", b"{}") == 404


def test_probes_metrics_and_labels(client: Client) -> None:
    client.push([ago(1), "x"], namespace="a", pod="b")
    assert client.get("/ready") == "ready\n"
    assert "loki_distributor_lines_received_total 1" in client.get("/metrics")
    assert client.get("/loki/api/v1/labels") == ["namespace", "pod"]
    assert client.get("/loki/api/v1/label/pod/values") == ["b"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('{a="1"}', ["two", "one"]),
        ('{a!="1", b="2"}', []),
        ('{a=~"1|2"} |= "on"', ["one"]),
        ('{a="1"} != "on"', ["two"]),
        ('{a="1"} |~ "t.o"', ["two"]),
        ('{a="1"} | level = "info"', ["one"]),
        ('{a="1"} | level != "info"', ["two"]),
        ("{a=`1`} |= `one` | level =~ `in.*`", ["one"]),
    ],
)
def test_queries(client: Client, query: str, found: list[str]) -> None:
    client.push([ago(2), "one", {"level": "info"}], [ago(1), "two"], a="1")
    answer = client.get("/loki/api/v1/query_range", query=query)
    lines = sorted((value for each in answer["result"] for value in each["values"]), reverse=True)
    assert [line for _, line in lines] == found


@pytest.mark.parametrize(
    "query", ["", "{}", '{a=~".*"}', '{a="1"', '{a="1"} | json', 'rate({a="1"}[5m])', '{a=~"("}']
)
def test_queries_that_are_refused(query: str) -> None:
    with pytest.raises(logql.LogqlError):
        logql.parse_as_loki(query)


def test_limits_come_from_the_configuration() -> None:
    settings = read(CONFIGURATION)
    assert (settings.port, settings.folder) == (3100, Path("/var/loki/chunks"))
    assert settings.limits.retention == 168 * 3600
    assert (settings.limits.max_streams, settings.limits.max_label_names) == (3000, 15)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("auth_enabled", True, "auth_enabled"),
        ("common.replication_factor", 3, "replication_factor is not 1"),
        ("common.storage", {"s3": {}}, "common.storage has"),
        ("common.strage", {}, "common.strage is not in reference.txt"),
        ("compacter", {}, "compacter is not in reference.txt"),
        ("server.http_listen_port", "3100", "'3100' is no int"),
        ("server.log_level", "warning", "'warning' is no debug,info,warn,error"),
        ("server.http_server_read_timeout", "1d", "'1d' is no duration"),
        ("limits_config.retention_period", "168", "'168' is no period"),
        ("limits_config.retention_period", "12h", "less than 24h"),
        ("limits_config.retention_period", "24h", "asks for what retention has deleted"),
        ("limits_config.ingestion_burst_size_mb", 2, "below the rate"),
        ("compactor.retention_enabled", False, "deletes nothing"),
        ("compactor.delete_request_store", "", "delete_request_store is needed"),
        ("compactor.delete_request_store", "s3", "delete_request_store is s3"),
        ("memberlist.join_members", [], "would look for Consul"),
        ("memberlist.abort_if_cluster_join_fails", True, "waits for itself"),
    ],
)
def test_a_configuration_that_would_not_work_is_refused(
    path: str, value: object, message: str
) -> None:
    content = copy.deepcopy(CONFIGURATION)
    *above, name = path.split(".")
    functools.reduce(lambda block, key: block[key], above, content)[name] = value
    with pytest.raises(ConfigurationError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("schema", "v12", "needs schema v13"),
        ("store", "boltdb-shipper", "needs schema v13"),
        ("object_store", "s3", "object_store is s3"),
        ("index", {"period": "168h"}, "tsdb needs 24h"),
        ("sceme", "v13", "schema_config.configs.sceme is not in reference.txt"),
    ],
)
def test_a_schema_that_would_not_work_is_refused(name: str, value: object, message: str) -> None:
    content = copy.deepcopy(CONFIGURATION)
    content["schema_config"]["configs"][0][name] = value
    with pytest.raises(ConfigurationError, match=message):
        read(content)


def test_a_bucket_is_refused_although_it_is_right() -> None:
    content = copy.deepcopy(CONFIGURATION)
    content["common"]["storage"] = {"s3": {"bucketnames": "logs"}}
    content["schema_config"]["configs"][0]["object_store"] = "s3"
    content["compactor"]["delete_request_store"] = "s3"
    assert problems(content) == disagreements(content) == []
    with pytest.raises(ConfigurationError, match="no bucket"):
        read(content)


def test_durations() -> None:
    assert seconds("168h") == 604800
    assert seconds("10m0s") == 600
    for wrong in ("168", "h", "1h x", ""):
        with pytest.raises(ValueError, match="is no duration"):
            seconds(wrong)


def test_flags_of_the_chart_and_no_others() -> None:
    given = _arguments(["-config.file=/etc/loki/config.yaml", "-config.expand-env=true"])
    assert given.configuration == Path("/etc/loki/config.yaml")
    for wrong in ("-target=write", "-unheard.of=1"):
        with pytest.raises(SystemExit):
            _arguments(["-config.file=x", wrong])


def test_the_image_has_every_module_that_is_imported() -> None:
    files = image.files()
    assert "stand-in/yaml/__init__.py" in files
    assert all(path.exists() for path in files.values())
