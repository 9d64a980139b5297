"""Checks the nodes: types, zones, taints, machine image, volumes and their key. Pure."""

from collections.abc import Iterator, Mapping
from itertools import chain

from infra.config.findings import Finding, error, warning
from infra.config.instance_types import instance_types
from infra.config.nodes import LATEST, Capacity, NodeGroupOptions
from infra.config.options import Options

# One for each zone.
FEWEST_NODES = 2
# The label and the taint that the program sets itself.
CAPACITY_KEY = "capacity"
# The kubelet may not give its node labels in these domains, but in those below: the node would not
# join (kubernetes.io/docs/reference/access-authn-authz/admission-controllers, "NodeRestriction").
RESERVED_DOMAINS = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
OPEN_DOMAINS = ("node.kubernetes.io", "kubelet.kubernetes.io")
# What auto scaling does with a key (docs.aws.amazon.com/autoscaling/ec2/userguide,
# "Required AWS KMS key policy for use with encrypted volumes").
GRANTED = (
    "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
    " DescribeKey CreateGrant"
)


def validate_nodes(options: Options) -> Iterator[Finding]:
    """Check the group `nodes`."""
    nodes = options.nodes
    for name, group in nodes.groups.items():
        setting = f"nodes.groups.{name}"
        yield from _check_types(f"{setting}.instanceTypes", group, nodes.pods_per_node)
        yield from _check_group(setting, group, options.network.zones)
    yield from chain(
        _check_groups(nodes.groups),
        _check_release(options),
        _check_volumes(options),
    )
    if nodes.kms_key:
        yield missing_grant("nodes.kmsKey", nodes.kms_key)


def missing_grant(setting: str, key: str) -> Finding:
    """Name the grant without which auto scaling cannot start a node with encrypted volumes."""
    partition, account = key.split(":")[1], key.split(":")[4]
    role = (
        f"arn:{partition}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling"
    )
    return warning(
        setting,
        f"no node starts while auto scaling may not use {key}",
        "Unless the key's policy allows it already, run once, with the account of the nodes in the"
        f" role: aws kms create-grant --key-id {key} --grantee-principal {role}"
        f" --operations {GRANTED}",
    )


def _check_types(setting: str, group: NodeGroupOptions, pods: int) -> Iterator[Finding]:
    unknown = [name for name in group.instance_types if name not in instance_types()]
    for name in unknown:
        yield error(
            setting,
            f"this program does not know the instance type {name!r}",
            f"Use one of {', '.join(instance_types())}, or add a row with its size to"
            " infra/config/instance_types.yaml",
        )
    if unknown:
        return
    if len({kind.architecture for kind in group.types}) > 1:
        listed = ", ".join(
            f"{name} is {kind.architecture}"
            for name, kind in zip(group.instance_types, group.types, strict=True)
        )
        yield error(
            setting,
            f"a group has one machine image, but {listed}",
            "Give each architecture a group of its own",
        )
    for name, kind in zip(group.instance_types, group.types, strict=True):
        if kind.most_pods < pods:
            yield error(
                setting,
                f"the network interfaces of {name} allow {kind.most_pods} pods, but"
                f" nodes.podsPerNode is {pods}",
                "Lower nodes.podsPerNode, or use a larger type",
            )
        if kind.hourly_usd is None:
            yield warning(
                setting,
                f"no price of {name} is known, so the plan shows none",
                "Add its price to infra/config/instance_types.yaml",
            )


def _check_group(
    setting: str, group: NodeGroupOptions, zones: tuple[str, ...]
) -> Iterator[Finding]:
    if group.max < group.min:
        yield error(
            f"{setting}.max", f"max {group.max} is below min {group.min}", "Raise max or lower min"
        )
    for zone in group.zones:
        if zone not in zones:
            yield error(
                f"{setting}.zones",
                f"{zone!r} is not in network.zones",
                f"Use {', '.join(zones)}",
            )
    if len(set(group.zones)) != len(group.zones):
        yield error(
            f"{setting}.zones", f"{list(group.zones)} names a zone twice", "Name each zone once"
        )
    yield from _check_marks(setting, group)


def _check_marks(setting: str, group: NodeGroupOptions) -> Iterator[Finding]:
    """Check labels and taints."""
    pairs = [(taint.key, taint.effect) for taint in group.taints]
    for key, effect in sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        yield error(
            f"{setting}.taints",
            f"{key!r} has the effect {effect} twice, and no node with such taints can join",
            "Give each pair of key and effect one value",
        )
    taken = [*(("labels", key) for key in group.labels), *(("taints", t.key) for t in group.taints)]
    for kind, key in taken:
        if key == CAPACITY_KEY:
            yield error(f"{setting}.{kind}", f"{key!r} is set by the program", "Use another key")
        if kind == "labels" and _in(RESERVED_DOMAINS, key) and not _in(OPEN_DOMAINS, key):
            yield error(
                f"{setting}.labels",
                f"{key!r} belongs to Kubernetes or EKS, and a node with it cannot join",
                "Use a prefix of your own, or none",
            )


def _in(domains: tuple[str, ...], key: str) -> bool:
    """Tell whether the prefix of a label's key is one of the domains, or below one."""
    prefix, slash, _ = key.partition("/")
    return bool(slash) and any(f".{prefix}".endswith(f".{domain}") for domain in domains)


def _check_groups(groups: Mapping[str, NodeGroupOptions]) -> Iterator[Finding]:
    lasting = [g for g in groups.values() if g.capacity is Capacity.ON_DEMAND and g.min > 0]
    if not lasting:
        yield error(
            "nodes.groups",
            "no group always has on-demand nodes: EC2 may reclaim all spot nodes at once",
            "Add a group with capacity on-demand and min 1 or more",
        )
    elif all(group.keeps_others_away for group in lasting):
        yield error(
            "nodes.groups",
            "every group that always has on-demand nodes has a taint that keeps the platform's"
            " pods away",
            "Add a group without taints, or with the effect prefer-no-schedule",
        )
    elif sum(group.min for group in groups.values()) < FEWEST_NODES:
        yield warning(
            "nodes.groups",
            "there is only one node: losing it is an outage",
            "Set min to 2, one node for each zone",
        )


def _check_release(options: Options) -> Iterator[Finding]:
    release, version = options.nodes.release, options.cluster.version
    if release != LATEST and not release.startswith(f"{version}."):
        yield error(
            "nodes.release",
            f"{release} is an image for another minor than Kubernetes {version}",
            f"Name a release that begins with {version}, or {LATEST}",
        )


def _check_volumes(options: Options) -> Iterator[Finding]:
    """Find groups in which the autoscaler cannot choose the zone of a pod's volume."""
    if not (options.observability.volumes and options.addons.cluster_autoscaler):
        return
    for name, group in options.nodes.groups.items():
        zones = group.zones or options.network.zones
        if len(zones) > 1 and group.max > group.min and not group.keeps_others_away:
            yield warning(
                f"nodes.groups.{name}.zones",
                f"a volume stays in its zone, but the autoscaler cannot choose among the"
                f" {len(zones)} zones of one group: a pod with a volume can stay pending",
                "Give each zone a group of its own with zones: [<zone>], best on the first day"
                " (docs/first-year.md)",
            )
