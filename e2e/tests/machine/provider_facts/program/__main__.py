"""A namespace, a Secret, a custom resource and a release: the kinds that the platform uses."""

# ruff: noqa: INP001  - the engine runs it by its path
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

config = pulumi.Config()  # noqa: TID251  another program than the platform's
place = config.require("namespace")
values: dict[str, object] = {"replicas": config.require_int("replicas")}
if tag := config.get("tag"):
    values["image"] = {"tag": tag}

provider = k8s.Provider(
    "kubernetes",
    kubeconfig=Path(config.require("kubeconfig")).read_text(),
    enable_secret_mutable=config.get_bool("secretMutable"),
)
namespace = k8s.core.v1.Namespace(
    "namespace", metadata={"name": place}, opts=pulumi.ResourceOptions(provider=provider)
)
inside = pulumi.ResourceOptions(provider=provider, depends_on=[namespace])
k8s.core.v1.Secret(
    "secret",
    metadata={"name": "credentials", "namespace": place},
    string_data={"password": pulumi.Output.secret(Path("password").read_text())},
    opts=inside,
)
k8s.apiextensions.CustomResource(
    "binding",
    api_version="elbv2.k8s.aws/v1beta1",
    kind="TargetGroupBinding",
    metadata={"name": "app", "namespace": place},
    spec={
        "serviceRef": {"name": "app", "port": config.get_int("port") or 80},
        "targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0",
        "targetType": "ip",
    },
    opts=inside,
)
k8s.helm.v3.Release(
    "release",
    name="app",
    namespace=place,
    chart="./chart",
    values=values,
    reuse_values=config.get_bool("reuseValues"),
    opts=pulumi.ResourceOptions.merge(
        inside, pulumi.ResourceOptions(ignore_changes=(config.get("ignore") or "").split())
    ),
)
pulumi.export("namespace", namespace.metadata["name"])
