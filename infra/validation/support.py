"""Checks versions against the support calendar: ended, extended at extra cost, or ending soon.

No finding here stops what runs: AWS upgrades it sooner or later, and nobody else is hurt.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from infra import versions
from infra.config.database_capacity import database_classes
from infra.config.findings import Finding, error, error_if_new, information, warning
from infra.config.options import Options
from infra.versions import Support, SupportPeriod

GUIDE = "docs/first-year.md"
# How long before its end standard support is news, then a warning, then one that counts the days.
NEWS, NOTICE, URGENT = timedelta(days=180), timedelta(days=90), timedelta(days=30)


def validate_kubernetes(options: Options, today: date) -> Iterator[Finding]:
    """Check the cluster's version against the EKS calendar."""
    setting, version = "cluster.version", options.cluster.version
    periods = {name: release.support for name, release in versions.KUBERNETES.items()}
    better = _better(periods, version, versions.RECOMMENDED_KUBERNETES, today)
    if version not in periods:
        yield error(
            setting,
            f"this program has no add-ons for Kubernetes {version}",
            f"Use {better}, or one of {', '.join(periods)}",
        )
        return
    price = (
        f"${_monthly(versions.EKS_EXTENDED_HOURLY_USD)} a month instead of"
        f" ${_monthly(versions.EKS_HOURLY_USD)}"
    )
    remedy = f"Upgrade to {better}, one minor at a time" + _unless_paid(
        "cluster", paid=options.cluster.extended_support
    )
    yield from _check_period(
        setting, f"Kubernetes {version}", periods[version], today, price, better, remedy
    )


def validate_postgres(options: Options, today: date) -> Iterator[Finding]:
    """Check the database's version against the RDS calendar."""
    setting, version = "database.version", options.database.version
    periods = {name: release.support for name, release in versions.POSTGRES.items()}
    major, _, minor = version.partition(".")
    better = _better(periods, major, versions.RECOMMENDED_POSTGRES, today)
    if major not in periods or (minor and not minor.isdecimal()):
        yield error(
            setting,
            f"this program does not know PostgreSQL {version}",
            f'Use "{better}", which is its newest minor, or one of {", ".join(periods)}',
        )
        return
    oldest = versions.POSTGRES[major].oldest_minor
    if minor and int(minor) < oldest:
        yield error_if_new(
            setting,
            f"RDS no longer creates PostgreSQL {version}",
            f'Use "{major}", which is its newest minor, or {major}.{oldest} or later',
        )
    price = f"${_extended_database_price(options)} a month more"
    remedy = f"Upgrade to {better}" + _unless_paid(
        "database", paid=options.database.extended_support
    )
    yield from _check_period(
        setting, f"PostgreSQL {version}", periods[major], today, price, better, remedy
    )


def _check_period(
    setting: str,
    name: str,
    period: SupportPeriod,
    today: date,
    price: str,
    better: str,
    remedy: str,
) -> Iterator[Finding]:
    left = period.standard_until - today
    leaves = f"{name} leaves standard support on {period.standard_until}"
    plan = f"Plan the upgrade to {better}: {GUIDE}"
    match period.on(today):
        case Support.ENDED:
            yield error_if_new(
                setting,
                f"support for {name} ended on {period.extended_until}: AWS no longer creates it",
                f'Use "{better}"',
            )
        case Support.EXTENDED:
            yield warning(
                setting,
                f"{name} left standard support on {period.standard_until}: extended support"
                f" costs {price} and ends on {period.extended_until}",
                remedy,
            )
        case Support.STANDARD if left <= URGENT:
            then = f": {left.days} days are left, then extended support costs {price}"
            yield warning(setting, leaves + then, remedy)
        case Support.STANDARD if left <= NOTICE:
            yield warning(setting, leaves, plan)
        case Support.STANDARD if left <= NEWS:
            yield information(setting, leaves, plan)


def _better(
    periods: Mapping[str, SupportPeriod], version: str, recommended: str, today: date
) -> str:
    found = versions.replacement(periods, version, recommended, today)
    return found if found != version else "what a newer release of this program names"


def _monthly(hourly_usd: float) -> int:
    return round(hourly_usd * versions.HOURS_PER_MONTH)


def _extended_database_price(options: Options) -> int:
    size = database_classes().get(options.database.instance_class)
    vcpus = size.vcpus if size else 1
    instances = 2 if options.database.multi_az else 1
    return _monthly(vcpus * instances * versions.RDS_EXTENDED_HOURLY_USD_PER_VCPU)


def _unless_paid(group: str, *, paid: bool) -> str:
    if paid:
        return ""
    return f". While {group}.extendedSupport is false, AWS upgrades it automatically"
