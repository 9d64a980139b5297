"""Asks AWS which versions it offers, if there are credentials.

infra/versions.py is a copy that goes out of date. Here AWS itself answers, and the program stops
on a version that AWS no longer creates. Without permission to ask, it warns and uses the copy.
"""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

from infra.config.options import Options

# How the provider says that AWS answered, and knows no such version.
NO_SUCH_VERSION = "no RDS engine versions"
UNSUPPORTED, EXTENDED = "UNSUPPORTED", "EXTENDED_SUPPORT"


def ask_aws(options: Options, provider: aws.Provider) -> None:
    """Compare the configured versions with what AWS offers today, before anything is declared."""
    opts = pulumi.InvokeOptions(provider=provider)
    kubernetes, postgres = options.cluster.version, options.database.version

    def status() -> str:
        answer = aws.eks.get_cluster_versions(
            cluster_versions_onlies=[kubernetes], include_all=True, opts=opts
        )
        return next((found.version_status for found in answer.cluster_versions), UNSUPPORTED)

    def newest() -> str:
        answer = aws.rds.get_engine_version(
            engine="postgres", version=postgres, latest=True, opts=opts
        )
        return answer.version_actual

    check_kubernetes(kubernetes, _answer(status))
    check_postgres(postgres, _answer(newest))


def check_kubernetes(version: str, status: str | None) -> None:
    """Stop on a version that EKS does not create; warn about one that costs extra."""
    if status == UNSUPPORTED:
        raise pulumi.RunError(
            f"cluster.version: EKS does not create clusters with Kubernetes {version}."
            " Choose one that `aws eks describe-cluster-versions` lists."
        )
    if status == EXTENDED:
        pulumi.log.warn(f"cluster.version: EKS charges extended support for Kubernetes {version}.")


def check_postgres(version: str, newest: str | None) -> None:
    """Log which minor a major currently means."""
    if newest not in {None, version}:
        pulumi.log.info(f"database.version: {version} is PostgreSQL {newest} today.")


def _answer(ask: Callable[[], str]) -> str | None:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        if NO_SUCH_VERSION in str(error):
            raise pulumi.RunError(
                f"database.version: RDS does not offer this version in this region: {error}."
                " Choose one that `aws rds describe-db-engine-versions --engine postgres` lists."
            ) from None
        pulumi.log.warn(f"AWS did not answer, so infra/versions.py is used: {error}")
        return None
