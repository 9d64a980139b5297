"""Checks region, zones and partition: what one of them offers, another refuses. Pure."""

import re
from collections.abc import Iterator
from itertools import chain

from infra.config.findings import Finding, error, warning
from infra.config.options import Options
from infra.config.zones import WITHOUT_CONTROL_PLANES, is_zone_id

CHINA = "aws-cn"


def validate_place(options: Options) -> Iterator[Finding]:
    """Check what depends on the region."""
    yield from chain(
        _check_zones(options),
        _check_partition(options),
        _check_keys(options),
        _check_images(options),
    )


def _check_zones(options: Options) -> Iterator[Finding]:
    setting, region = "network.zones", options.region
    for zone in options.network.zones:
        if zone in WITHOUT_CONTROL_PLANES:
            yield error(
                setting,
                f"EKS places no control plane in {zone}",
                "Name another zone of the region",
            )
        # A local zone has a longer name, and neither a control plane nor NAT.
        elif not is_zone_id(zone) and not re.fullmatch(f"{region}[a-z]", zone):
            yield error(
                setting,
                f"{zone!r} is not a zone of {region}",
                f"Name zones of the region, such as {region}a, or their ids, such as use1-az1",
            )


def _check_partition(options: Options) -> Iterator[Finding]:
    arns = {
        f"cluster.accessEntries.{name}.principalArn": entry.principal_arn
        for name, entry in options.cluster.access_entries.items()
    }
    if options.permissions_boundary:
        arns["permissionsBoundary"] = options.permissions_boundary
    for setting, arn in arns.items():
        partition = arn.split(":")[1]
        if partition != options.partition.name:
            yield error(
                setting,
                f"{arn} is in the partition {partition}, but {options.region} is in"
                f" {options.partition.name}",
                f"Name an ARN that begins with arn:{options.partition.name}:",
            )


def _check_keys(options: Options) -> Iterator[Finding]:
    keys = {"nodes.kmsKey": options.nodes.kms_key, "database.kmsKey": options.database.kms_key}
    for setting, key in keys.items():
        if key and key.split(":")[1:4] != [options.partition.name, "kms", options.region]:
            yield error(
                setting,
                f"{key} is not in {options.region}, and volumes take keys of their own region only",
                f"Name a key that begins with arn:{options.partition.name}:kms:{options.region}:",
            )


def _check_images(options: Options) -> Iterator[Finding]:
    if options.partition.name == CHINA:
        yield warning(
            "region",
            "the images of the charts come from registries outside China (docker.io, ghcr.io,"
            " quay.io, registry.k8s.io), which nodes in China reach slowly or not at all",
            "Give the nodes a registry mirror or a route to them, and try one image first",
        )
