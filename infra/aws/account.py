"""Asks AWS about the account, if there are credentials: its zones, ranges and log groups.

`make plan` asks nobody: its answers are empty, zone ids stay ids, and nothing is compared.
"""

from collections.abc import Callable, Mapping

import pulumi
import pulumi_aws as aws

from infra.config.options import LogClass, Options
from infra.config.zones import WITHOUT_CONTROL_PLANES, is_zone_id
from infra.naming import Names

_CHOOSE = (
    "Choose from `aws ec2 describe-availability-zones"
    " --query 'AvailabilityZones[].[ZoneName,ZoneId]'`"
)


def with_zone_names(options: Options, provider: Callable[[], aws.Provider]) -> Options:
    """Put names in place of zone ids, so that the state is the same with either.

    `provider` is called only if there is an id. It is not the one that waits for the guard, because
    the guard compares the names.
    """
    zones = options.network.zones
    if not any(map(is_zone_id, zones)):
        return options
    try:
        ids = _zones(provider())
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        raise pulumi.RunError(
            f"network.zones: AWS did not say which zones {', '.join(zones)} are: {error}."
            " Allow ec2:DescribeAvailabilityZones, or name the zones as in us-east-1a."
        ) from None
    names = {zone_id: name for name, zone_id in ids.items()}
    if names and (unknown := [z for z in zones if is_zone_id(z) and z not in names]):
        raise pulumi.RunError(f"network.zones: the account has no zone {unknown}. {_CHOOSE}.")
    found = tuple(names.get(zone, zone) for zone in zones)
    if len(set(found)) < len(found):
        raise pulumi.RunError(f"network.zones: {list(zones)} names a zone twice. {_CHOOSE}.")
    groups = {
        name: group.model_copy(
            update={"zones": tuple(names.get(zone, zone) for zone in group.zones)}
        )
        for name, group in options.nodes.groups.items()
    }
    return options.model_copy(
        update={
            "network": options.network.model_copy(update={"zones": found}),
            "nodes": options.nodes.model_copy(update={"groups": groups}),
        }
    )


def check_account(options: Options, names: Names, provider: aws.Provider) -> None:
    """Stop on zones that the account or EKS does not offer, and warn about a shared range."""
    try:
        zones, available = _zones(provider), _zones(provider, state="available")
        shared = _shares_its_range(options, names, provider)
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        pulumi.log.warn(f"AWS did not answer, so zones and ranges are not compared: {error}")
        return
    for zone in options.network.zones if zones else ():
        if zone not in zones:
            raise pulumi.RunError(f"network.zones: the account has no zone {zone}. {_CHOOSE}.")
        if zones[zone] in WITHOUT_CONTROL_PLANES:
            raise pulumi.RunError(
                f"network.zones: {zone} is {zones[zone]} in this account, where EKS places no"
                f" control plane. {_CHOOSE}."
            )
        if zone not in available:
            # Not an error: `pulumi up` must work while a zone is down.
            pulumi.log.warn(f"network.zones: AWS says that {zone} is not available now.")
    if shared:
        pulumi.log.warn(
            f"network.cidr: another VPC of the account has {options.network.cidr} too, so the two"
            " can never be connected. Choose another range now: it cannot change later."
        )


def existing_log_group(name: str, log_class: LogClass, provider: aws.Provider) -> str | None:
    """Return the name if the account has the log group, None if it has not or does not say.

    EKS leaves one with the class STANDARD. Stop if another one is wanted: the replacement would
    have the same name, which CloudWatch refuses.
    """
    opts, has = pulumi.InvokeOptions(provider=provider), str(log_class)
    try:
        found = aws.cloudwatch.get_log_groups(log_group_name_prefix=name, opts=opts)
        if name not in found.log_group_names:
            return None
        if log_class is not LogClass.STANDARD:
            has = aws.cloudwatch.get_log_group(name=name, opts=opts).log_group_class
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        pulumi.log.warn(f"AWS did not say whether the log group {name} exists: {error}")
        return None
    if has != log_class:
        raise pulumi.RunError(
            f"cluster.logClass: the log group {name} exists with the class {has}, which CloudWatch"
            f" cannot change to {log_class}. Keep {has}, or, if no cluster of this name runs,"
            f" delete what it left: aws logs delete-log-group --log-group-name {name}"
        )
    return name


def _zones(provider: aws.Provider, state: str | None = None) -> Mapping[str, str]:
    """Return the zones of the account by name, each with its id; no local or wavelength zones."""
    answer = aws.get_availability_zones(
        state=state,
        filters=[
            aws.GetAvailabilityZonesFilterArgs(name="zone-type", values=["availability-zone"])
        ],
        opts=pulumi.InvokeOptions(provider=provider),
    )
    return dict(zip(answer.names, answer.zone_ids, strict=True))


def _shares_its_range(options: Options, names: Names, provider: aws.Provider) -> bool:
    """Tell whether a stack that does not exist yet would share the range of another VPC."""
    if options.network.existing:
        return False
    tags = names.tags(options.tags)
    own = {f"tag:{key}": tags[key] for key in ("Project", "Environment")}
    others = {"cidr-block-association.cidr-block": str(options.network.cidr)}
    return not _vpcs(own, provider) and bool(_vpcs(others, provider))


def _vpcs(filters: Mapping[str, str], provider: aws.Provider) -> list[str]:
    answer = aws.ec2.get_vpcs(
        filters=[
            aws.ec2.GetVpcsFilterArgs(name=name, values=[value]) for name, value in filters.items()
        ],
        opts=pulumi.InvokeOptions(provider=provider),
    )
    return list(answer.ids)
