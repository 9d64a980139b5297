"""What EKS refuses of sizes, zones and versions, in AWS's words."""

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.kind import Account
from e2e.deploy.cloud.fake_aws.network import SUBNET
from e2e.deploy.cloud.values import Properties, entries, section, text

# docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, read 2026-11: no new cluster
# after the end of extended support, which was 2026-11-26 for 1.31.
OLDEST_KUBERNETES = (1, 32)


def check_sizes(asked: Asked, account: Account) -> None:
    """Compare the size with its limits, at create and after an update."""
    del account
    scaling = section(asked.inputs, "scalingConfig")
    if not scaling:
        return
    least, desired, most = (int(text(scaling, f"{key}Size")) for key in ("min", "desired", "max"))
    if least > desired:
        raise Rejected(
            f"InvalidParameterException: Minimum capacity {least} can't be greater than"
            f" desired size {desired}"
        )
    if desired > most:
        raise Rejected(
            f"InvalidParameterException: desired capacity {desired} can't be greater than"
            f" max size {most}"
        )


def check_cluster(asked: Asked, account: Account) -> None:
    known = account.find(asked.type, asked.id) if asked.id else None
    version = text(asked.inputs, "version") if "version" in asked.inputs else ""
    old = known.outputs.get("version") if known else None
    if version and version != old and _parts(version) < OLDEST_KUBERNETES:
        raise Rejected(f"InvalidParameterException: unsupported Kubernetes version {version}")
    if known is None:
        return
    before, after = _zones(known.outputs, account), _zones(asked.inputs, account)
    if before != after:
        raise Rejected(
            f"InvalidParameterException: Provided subnets belong to the AZs '{','.join(after)}'."
            f" But they should belong to the exact set of AZs '{','.join(before)}' in which"
            " subnets were provided during cluster creation."
        )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _zones(values: Properties, account: Account) -> list[str]:
    subnets = entries(section(values, "vpcConfig"), "subnetIds")
    found = [account.find(SUBNET, str(one)) for one in subnets]
    return sorted({text(one.outputs, "availabilityZone") for one in found if one})
