"""Asks AWS which versions it offers, if there are credentials.

infra/versions.yaml is a copy that goes out of date. Here AWS itself answers, and the program stops
on a version that AWS no longer creates, unless the stack runs it already. Without permission to
ask, it warns and uses the copy.
"""

from collections.abc import Iterable

import pulumi
import pulumi_aws as aws

from infra import versions
from infra.aws.answers import answer
from infra.aws.running_versions import COPY_IS_USED, Kept, ask_running
from infra.config.database import DatabaseOptions
from infra.config.findings import Finding, Severity
from infra.config.options import Options
from infra.naming import Names

# How the provider says that AWS answered, and knows no such version.
NO_SUCH_VERSION = "no RDS engine versions"
# How it says so of a class, and that there are several choices.
NO_SUCH_CLASS = ("no RDS Orderable DB Instance Options", "no RDS DB Instance Classes")
SEVERAL_CLASSES = "multiple RDS DB Instance Classes"
UNSUPPORTED, EXTENDED = "UNSUPPORTED", "EXTENDED_SUPPORT"


def ask_aws(
    options: Options, names: Names, findings: Iterable[Finding], provider: aws.Provider
) -> Kept:
    """Log the findings, and compare the configured versions with what AWS runs and offers."""
    opts = pulumi.InvokeOptions(provider=provider)
    kubernetes, postgres = options.cluster.version, options.database.version
    kept = ask_running(options, names, opts)
    offered = answer(lambda: _status(kubernetes, opts), COPY_IS_USED)
    newest = answer(lambda: _newest(postgres, opts), COPY_IS_USED)
    # The calendar decides about these alone.
    undecided = {
        "cluster.version": offered is None and not kept.kubernetes,
        "database.version": newest is None and not kept.postgres,
    }
    for finding in findings:
        if finding.severity is Severity.ERROR_IF_NEW and undecided[finding.setting]:
            raise pulumi.RunError(str(finding))
        log = pulumi.log.info if finding.severity is Severity.INFORMATION else pulumi.log.warn
        log(str(finding))
    if not kept.kubernetes:
        check_kubernetes(kubernetes, offered)
    if not kept.postgres:
        check_postgres(postgres, newest)
    if newest and kept.databases is not None and not kept.databases:
        _check_class(options.database, newest, opts)
    return kept


def _status(version: str, opts: pulumi.InvokeOptions) -> str:
    found = aws.eks.get_cluster_versions(
        cluster_versions_onlies=[version], include_all=True, opts=opts
    ).cluster_versions
    if not found:
        return UNSUPPORTED
    known = versions.KUBERNETES[version].support.standard_until.isoformat()
    until = found[0].end_of_standard_support_date or known
    if not until.startswith(known):
        pulumi.log.warn(
            f"cluster.version: EKS ends standard support for Kubernetes {version} on {until},"
            f" not on {known}. Correct infra/versions.yaml."
        )
    return found[0].version_status


def _newest(version: str, opts: pulumi.InvokeOptions) -> str:
    try:
        return aws.rds.get_engine_version(
            engine="postgres", version=version, latest=True, opts=opts
        ).version_actual
    except Exception as error:
        if NO_SUCH_VERSION in str(error):
            return UNSUPPORTED
        raise


def _check_class(database: DatabaseOptions, version: str, opts: pulumi.InvokeOptions) -> None:
    """Stop on a class of a new database that RDS does not offer with its version in the region."""

    def ask() -> bool:
        try:
            aws.rds.get_orderable_db_instance(
                engine="postgres",
                engine_version=version,
                instance_class=database.instance_class,
                storage_type="gp3",
                supports_multi_az=database.multi_az or None,
                supports_performance_insights=database.performance_insights or None,
                vpc=True,
                opts=opts,
            )
        except Exception as error:
            if any(text in str(error) for text in NO_SUCH_CLASS):
                return False
            if SEVERAL_CLASSES not in str(error):
                raise
        return True

    if answer(ask, "the class of the database is not checked") is False:
        insights = " and Performance Insights" if database.performance_insights else ""
        raise pulumi.RunError(
            f"database.instanceClass: RDS has no {database.instance_class} with PostgreSQL"
            f" {version}, gp3{insights} in this region. Choose one that `aws rds"
            f" describe-orderable-db-instance-options --engine postgres --engine-version {version}`"
            " lists."
        )


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
    """Stop on a version that RDS does not create; log which minor a major currently means."""
    if newest == UNSUPPORTED:
        raise pulumi.RunError(
            f"database.version: RDS does not offer PostgreSQL {version} in this region."
            " Choose one that `aws rds describe-db-engine-versions --engine postgres` lists."
        )
    if newest not in {None, version}:
        pulumi.log.info(f"database.version: {version} is PostgreSQL {newest} today.")
