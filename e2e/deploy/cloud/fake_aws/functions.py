"""Functions that only read: what AWS would answer."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.cluster import registry_of
from e2e.deploy.cloud.fake_aws.database import NEWEST
from e2e.deploy.cloud.fake_aws.kind import Account
from e2e.deploy.cloud.values import Properties, Secret, Value, entries, text


@dataclass(frozen=True, slots=True)
class _Release:
    """A Kubernetes minor on EKS: the last days of its support."""

    standard: date
    extended: date


# docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, read 2026-11.
_KUBERNETES = {
    "1.31": _Release(date(2025, 11, 26), date(2026, 11, 26)),
    "1.32": _Release(date(2026, 3, 23), date(2027, 3, 23)),
    "1.33": _Release(date(2026, 7, 29), date(2027, 7, 29)),
    "1.34": _Release(date(2026, 12, 2), date(2027, 12, 2)),
    "1.35": _Release(date(2027, 3, 27), date(2028, 3, 27)),
    "1.36": _Release(date(2027, 8, 2), date(2028, 8, 2)),
}
_DEFAULT = "1.36"


def call(function: str, arguments: Properties, account: Account) -> Mapping[str, Value]:
    if function not in _FUNCTIONS:
        raise Rejected(f"the stand-in for AWS has no answer for {function}: add it to {__name__}")
    return _FUNCTIONS[function](arguments, account)


def _cluster_versions(arguments: Properties, account: Account) -> Mapping[str, Value]:
    asked = entries(arguments, "clusterVersionsOnlies") or list(_KUBERNETES)
    found: list[Value] = [
        _cluster_version(str(version), date.today())  # noqa: DTZ011  AWS's calendar has no zone
        for version in asked
        if version in _KUBERNETES
    ]
    return {"id": account.region, "region": account.region, "clusterVersions": found}


def _cluster_version(version: str, today: date) -> Value:
    release = _KUBERNETES[version]
    standard, extended = today <= release.standard, today <= release.extended
    status = "STANDARD_SUPPORT" if standard else "EXTENDED_SUPPORT" if extended else "UNSUPPORTED"
    return {
        "clusterType": "eks",
        "clusterVersion": version,
        "defaultVersion": version == _DEFAULT,
        "endOfStandardSupportDate": f"{release.standard}T00:00:00Z",
        "endOfExtendedSupportDate": f"{release.extended}T00:00:00Z",
        "versionStatus": status,
    }


def _engine_version(arguments: Properties, account: Account) -> Mapping[str, Value]:
    engine, version = text(arguments, "engine"), text(arguments, "version")
    major = version.partition(".")[0]
    if engine != "postgres" or major not in NEWEST:
        raise Rejected(f"no RDS engine version matches {engine} {version}")
    return {
        "id": NEWEST[major],
        "region": account.region,
        "engine": engine,
        "version": version,
        "versionActual": NEWEST[major] if version == major else version,
        "parameterGroupFamily": f"postgres{major}",
        "status": "available",
    }


def _registry_login(arguments: Properties, account: Account) -> Mapping[str, Value]:
    del arguments
    password = secrets.token_urlsafe(24)
    return {
        "id": account.region,
        "userName": "AWS",
        "password": Secret(password),
        "authorizationToken": Secret(password),
        "proxyEndpoint": f"https://{registry_of(account)}",
        "expiresAt": "",
    }


_FUNCTIONS: dict[str, Callable[[Properties, Account], Mapping[str, Value]]] = {
    "aws:eks/getClusterVersions:getClusterVersions": _cluster_versions,
    "aws:rds/getEngineVersion:getEngineVersion": _engine_version,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_login,
}
