"""Asks AWS which versions the stack runs, so that `pulumi up` never goes back, nor stops it.

AWS upgrades by itself when support ends. Afterwards a refreshed state would be changed back to the
configured version, which AWS refuses half-way (tf-aws#39579). EKS refuses the version that it runs
as well ("Unsupported … update from 1.35 to 1.35").
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws import running_database
from infra.aws.answers import answer
from infra.config.options import Options
from infra.naming import Names
from infra.validation.waiting import Running

COPY_IS_USED = "infra/versions.yaml is used"


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether AWS runs the configured version or a newer one already."""

    kubernetes: bool
    postgres: bool
    # The stack's databases by identifier, None if AWS did not answer; in a restore there are two.
    databases: Mapping[str, Running] | None


def ask_running(options: Options, names: Names, opts: pulumi.InvokeOptions) -> Kept:
    """Return what must not be sent again; nothing, where AWS did not answer."""

    def cluster() -> str:
        if names.cluster not in aws.eks.get_clusters(opts=opts).names:
            return ""
        return aws.eks.get_cluster(name=names.cluster, opts=opts).version

    kubernetes = options.cluster.version
    runs, ahead = _compare(kubernetes, found := answer(cluster, COPY_IS_USED))
    if ahead:
        pulumi.log.warn(
            f"cluster.version: EKS runs Kubernetes {found}, which stays, and not {kubernetes}."
            f" Set cluster.version to {found}: nodes and add-ons follow the setting."
        )
    databases = running_database.ask_aws(names, opts)
    oldest = min((one.version for one in (databases or {}).values()), key=_numbers, default="")
    return Kept(
        kubernetes=runs,
        postgres=_compare(options.database.version, oldest)[0],
        databases=databases,
    )


def _compare(configured: str, running: str | None) -> tuple[bool, bool]:
    """Say whether at least this version runs, and whether a newer one: "15" is all its minors."""
    if not running:
        return False, False
    wanted = _numbers(configured)
    found = _numbers(running)[: len(wanted)]
    return found >= wanted, found > wanted


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of "15.18"; RDS may add letters: 11.22-rds.20240418."""
    return tuple(int(number) for number in version.partition("-")[0].split("."))
