"""From a metric to its trace, from there to its log lines and back, on rendered objects."""

import re

import pytest
import yaml

from backend.telemetry import logs
from backend.telemetry.tracing import Trail, leaving
from infra import naming, versions
from infra.third_party import loki
from infra.third_party.grafana import TRACE_ID
from tests.support.backend_release import rendered_backend
from tests.support.chart import Tree, merged
from tests.support.log_configurations import alloy_text, loki_content
from tests.support.plan import Tree as Settings
from tests.support.plan import plan_of, plan_with
from tests.support.services import Service, find_service
from tests.support.third_party import planned_values, render_with, rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def sources_of(stack: str) -> dict[str, Tree]:
    """Return Grafana's data sources by uid, as its provisioning file has them."""
    config = rendered(versions.PROMETHEUS_STACK_CHART, stack)["ConfigMap", "kps-grafana-datasource"]
    [text] = config["data"].values()
    sources = yaml.safe_load(text)["datasources"]
    found = {source["uid"]: source for source in sources}
    assert len(found) == len(sources), "two with one uid"
    return found


def made_by_the_program(stack: str) -> dict[str, Tree]:
    """Return the data sources that the program gives the chart, by uid."""
    values = planned_values(versions.PROMETHEUS_STACK_CHART, plan_of(stack))
    return {source["uid"]: source for source in values["grafana"]["additionalDataSources"]}


@stacks
def test_the_backends_traces_reach_jaegers_otlp_receiver(stack: str) -> None:
    backend = rendered_backend(stack)
    endpoint = backend["ConfigMap", "backend"]["data"]["BACKEND_OTLP_ENDPOINT"]
    assert find_service(endpoint, stack) == Service("jaeger", "monitoring", 4318)
    config = jaeger_config(stack)
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "0.0.0.0:4318"
    traces = config["service"]["pipelines"]["traces"]
    assert traces["receivers"] == ["otlp"]
    assert set(traces["processors"]) <= config["processors"].keys()
    assert set(traces["exporters"]) <= config["exporters"].keys()
    assert set(config["service"]["extensions"]) == config["extensions"].keys()
    egress = backend["NetworkPolicy", "backend"]["spec"]["egress"]
    assert [{"port": 4318, "protocol": "TCP"}] in [rule["ports"] for rule in egress]


@stacks
def test_jaeger_reads_what_it_writes_and_forgets_it(stack: str) -> None:
    config = jaeger_config(stack)
    storage = config["exporters"]["jaeger_storage_exporter"]["trace_storage"]
    assert config["extensions"]["jaeger_query"]["storage"]["traces"] == storage
    badger = config["extensions"]["jaeger_storage"]["backends"][storage]["badger"]
    assert badger["ttl"]["spans"] == "72h"
    [container] = jaeger_pod(stack)["spec"]["containers"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert all(path.startswith("/badger/") for path in badger["directories"].values())
    assert "/badger" in mounted
    health = int(config["extensions"]["healthcheckv2"]["http"]["endpoint"].rpartition(":")[2])
    assert container["readinessProbe"]["httpGet"]["port"] == health


def test_a_changed_configuration_of_jaeger_makes_a_new_pod() -> None:
    def keep_longer(values: Settings) -> None:
        values["observability"]["traces"]["retentionHours"] = 24

    changed = render_with(versions.JAEGER_CHART, plan_with(keep_longer))
    labels = changed["Deployment", "jaeger"]["spec"]["template"]["metadata"]["labels"]
    assert labels["config-hash"] != jaeger_pod("dev")["metadata"]["labels"]["config-hash"]


@stacks
def test_alloy_reads_every_pods_log_and_sends_it_to_loki(stack: str) -> None:
    config = alloy_text(stack)
    [url] = re.findall(r'url = "([^"]+)"', config)
    assert find_service(url, stack) == Service("loki", "monitoring", 3100)
    assert url.endswith("/loki/api/v1/push")
    pod = rendered(versions.ALLOY_CHART, stack)["DaemonSet", "alloy"]["spec"]["template"]["spec"]
    [alloy] = [c for c in pod["containers"] if c["name"] == "alloy"]
    assert "/var/log" in {mount["mountPath"] for mount in alloy["volumeMounts"]}
    assert {"operator": "Exists"} in pod["tolerations"], "every node, also a tainted one"
    # Each component that is named exists: `forward_to = [loki.write.loki.receiver]`.
    defined = set(re.findall(r'^(\w+(?:\.\w+)+) "(\w+)" {', config, re.MULTILINE))
    names = {f"{kind}.{label}" for kind, label in defined}
    used = set(re.findall(r"\b(\w+(?:\.\w+)+\.\w+)\.(?:receiver|output|targets)\b", config))
    assert used
    assert used <= names


@stacks
def test_alloy_makes_the_backends_trace_ids_structured_metadata(stack: str) -> None:
    """The names are those that the backend writes, in the namespace in which it runs."""
    config = alloy_text(stack)
    [namespace] = re.findall(r'selector = "{namespace=\\"(\w+)\\"}"', config)
    assert namespace == naming.NAMESPACE
    [metadata] = re.findall(r"stage.structured_metadata {\s+values = {([^}]+)}", config)
    assert f'{TRACE_ID} = "{TRACE_ID}"' in metadata
    [labels] = re.findall(r"stage.labels {\s+values = {([^}]+)}", config)
    assert TRACE_ID not in labels, "as a label it would make a stream of every trace"
    assert loki_content(stack)["limits_config"]["allow_structured_metadata"] is True


def test_the_backend_writes_the_trace_id_under_this_name() -> None:
    with leaving(Trail(trace_id="0af7651916cd43dd8448eb211c80319c", sampled=True)):
        event: object = {"event": "test"}
        for processor in logs.processors(tracing=True):
            event = processor(None, "info", event)  # type: ignore[arg-type]  # a chain
    assert f'"{TRACE_ID}":"'.encode() in bytes(event)  # type: ignore[call-overload]  # a line


def test_loki_keeps_logs_in_the_bucket_that_it_may_use() -> None:
    config = loki_content("prod")
    assert config["common"]["storage"]["s3"]["bucketnames"] == "<log-store-bucket.bucket>"
    assert config["schema_config"]["configs"][-1]["object_store"] == "s3"
    account = rendered(versions.LOKI_CHART, "prod")["StatefulSet", "loki"]
    assert account["spec"]["template"]["spec"]["serviceAccountName"] == loki.NAME


@stacks
def test_every_data_source_is_where_grafana_asks(stack: str) -> None:
    sources = sources_of(stack)
    assert sources.keys() == {"prometheus", "alertmanager", "loki", "jaeger"}
    for source in sources.values():
        assert find_service(source["url"], stack).name
    for uid, source in made_by_the_program(stack).items():
        assert sources[uid]["jsonData"] == source["jsonData"]


@stacks
def test_from_an_exemplar_to_its_trace(stack: str) -> None:
    spec = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Prometheus", "kps"]["spec"]
    assert "exemplar-storage" in spec["enableFeatures"]
    [link] = sources_of(stack)["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert (link["datasourceUid"], link["name"]) == ("jaeger", TRACE_ID)


@stacks
def test_from_a_trace_to_its_log_lines_and_metrics(stack: str) -> None:
    settings = made_by_the_program(stack)["jaeger"]["jsonData"]
    logs_link = settings["tracesToLogsV2"]
    assert logs_link["datasourceUid"] == "loki"
    assert logs_link["customQuery"] is True
    # Grafana's own expansion turns `$$` into `$`.
    query = logs_link["query"].replace("$$", "$")
    assert query == f'{{namespace=~".+"}} | {TRACE_ID} = `${{__trace.traceId}}`'
    assert settings["tracesToMetrics"]["datasourceUid"] == "prometheus"


@stacks
def test_from_a_log_line_back_to_its_trace(stack: str) -> None:
    [field] = made_by_the_program(stack)["loki"]["jsonData"]["derivedFields"]
    assert (field["matcherType"], field["matcherRegex"]) == ("label", TRACE_ID)
    assert (field["datasourceUid"], field["url"]) == ("jaeger", "$${__value.raw}")


def test_a_changed_data_source_makes_a_new_pod_of_grafana() -> None:
    def without_traces(values: Settings) -> None:
        values["observability"] = merged(values["observability"], {"traces": {"enabled": False}})

    before = rendered(versions.PROMETHEUS_STACK_CHART)
    after = render_with(versions.PROMETHEUS_STACK_CHART, plan_with(without_traces))
    checksums = {
        release["Deployment", "kps-grafana"]["spec"]["template"]["metadata"]["annotations"][
            "checksum/datasources"
        ]
        for release in (before, after)
    }
    assert len(checksums) == 2


def jaeger_pod(stack: str) -> Tree:
    pod: Tree = rendered(versions.JAEGER_CHART, stack)["Deployment", "jaeger"]["spec"]["template"]
    return pod


def jaeger_config(stack: str) -> Tree:
    text = rendered(versions.JAEGER_CHART, stack)["ConfigMap", "user-config"]["data"]
    config: Tree = yaml.safe_load(text["user-config.yaml"])
    return config
