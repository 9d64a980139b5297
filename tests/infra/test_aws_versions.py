"""Where AWS can be asked which versions it offers and runs, its answer counts."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct

from infra.aws.cluster import CONTROL_PLANE, _keep_version
from infra.plan import cloud
from infra.plan.model import Plan
from infra.plan.recorder import logger
from tests.support.plan import Tree, plan_with

EKS = "aws:eks/getClusterVersions:getClusterVersions"
RDS = "aws:rds/getEngineVersion:getEngineVersion"
CLASS = "aws:rds/getOrderableDbInstance:getOrderableDbInstance"
GROUPS = "aws:autoscaling/getAmiIds:getAmiIds"
CLUSTERS, CLUSTER = "aws:eks/getClusters:getClusters", "aws:eks/getCluster:getCluster"
INSTANCES, INSTANCE = "aws:rds/getInstances:getInstances", "aws:rds/getInstance:getInstance"
IMAGE = "aws:ssm/getParameter:getParameter"
KEY = "aws:ebs/getDefaultKmsKey:getDefaultKmsKey"
ANSWER = cloud.answer
NONE = "no RDS engine versions found: {}"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the program logs, as the person at the terminal reads it."""
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, logger=logger.name):
        yield caplog
    logger.removeHandler(caplog.handler)


class RefusedError(grpc.RpcError):
    """How the engine reports that a function failed."""

    def __init__(self, details: str) -> None:
        super().__init__()
        self._details = details

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._details


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Mapping[str, str]) -> None:
    """Let functions fail, each with its error."""

    def answer(function: str) -> Struct:
        if function in refused:
            raise RefusedError(refused[function])
        return ANSWER(function)

    monkeypatch.setattr(cloud, "answer", answer)


def unchanged(_: Tree) -> None:
    pass


def answer(monkeypatch: pytest.MonkeyPatch, function: str, **said: Any) -> None:
    monkeypatch.setitem(cloud.FUNCTIONS, function, said)


def running(monkeypatch: pytest.MonkeyPatch, *, kubernetes: str = "", postgres: str = "") -> None:
    """Let AWS run the stack in these versions."""
    if kubernetes:
        answer(monkeypatch, CLUSTERS, names=["other", "observability-platform-dev"])
        answer(monkeypatch, CLUSTER, version=kubernetes)
    if postgres:
        answer(monkeypatch, INSTANCES, instanceIdentifiers=["database-instance-0123456"])
        answer(
            monkeypatch,
            INSTANCE,
            engineVersion=postgres,
            dbInstanceClass="db.t3.micro",
            allocatedStorage=20,
            multiAz=False,
        )


def plan_of_versions(kubernetes: str = "1.36", postgres: str = "15") -> Plan:
    def choose(values: Tree) -> None:
        values["cluster"]["version"] = kubernetes
        values["database"]["version"] = postgres

    return plan_with(choose)


@pytest.mark.parametrize("statuses", [(), ("UNSUPPORTED",)])
def test_a_version_that_eks_creates_no_more_stops_the_program_unless_it_runs(
    statuses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, EKS, clusterVersions=[{"versionStatus": status} for status in statuses])
    with pytest.raises(
        pulumi.RunError, match=r"EKS does not create clusters with Kubernetes 1\.36"
    ):
        plan_of_versions()
    running(monkeypatch, kubernetes="1.36")
    assert plan_of_versions().resources


def test_a_version_that_costs_extra_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    answer(monkeypatch, EKS, clusterVersions=[{"versionStatus": "EXTENDED_SUPPORT"}])
    assert plan_of_versions().resources
    assert "cluster.version: EKS charges extended support for Kubernetes 1.36." in logged.messages


@pytest.mark.parametrize(
    ("until", "says"), [("2027-08-02T00:00:00Z", ""), ("2027-09-01T00:00:00Z", "2027-09-01")]
)
def test_another_end_of_support_than_ours_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture, until: str, says: str
) -> None:
    said = {"versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": until}
    answer(monkeypatch, EKS, clusterVersions=[said])
    plan_of_versions()
    found = [text for text in logged.messages if "EKS ends standard support" in text]
    assert bool(found) == bool(says)
    assert all(says in text and "not on 2027-08-02" in text for text in found)


def test_the_minor_that_a_major_stands_for_is_said(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    answer(monkeypatch, RDS, versionActual="15.18")
    plan_of_versions()
    assert "database.version: 15 is PostgreSQL 15.18 today." in logged.messages


def test_a_version_that_rds_does_not_offer_stops_the_program_unless_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse(monkeypatch, {RDS: NONE})
    with pytest.raises(pulumi.RunError, match=r"RDS does not offer PostgreSQL 15\.14 in this reg"):
        plan_of_versions(postgres="15.14")
    running(monkeypatch, postgres="15.14")
    assert plan_of_versions(postgres="15.14").resources


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ("no RDS Orderable DB Instance Options found matching criteria; try different", True),
        ("multiple RDS DB Instance Classes ([…]) match the criteria", False),
        ("AccessDenied", False),
    ],
)
def test_a_class_that_rds_has_not_in_the_region_stops_a_new_database(
    said: str, stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, {CLASS: said})
    if stops:
        with pytest.raises(pulumi.RunError, match=r"RDS has no db\.t3\.micro with PostgreSQL <new"):
            plan_of_versions()
        running(monkeypatch, postgres="15.18")
    assert plan_of_versions().resources


def test_aws_decides_about_a_minor_that_the_calendar_calls_withdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, RDS, versionActual="15.14")
    assert plan_of_versions(postgres="15.14").resources
    refuse(monkeypatch, {RDS: "AccessDenied"})
    with pytest.raises(pulumi.RunError, match=r"RDS no longer creates PostgreSQL 15\.14"):
        plan_of_versions(postgres="15.14")


@pytest.mark.parametrize(
    ("runs", "configured", "says"),
    [
        # EKS went ahead by itself, as it does when support ends.
        ("1.36", "1.35", "EKS runs Kubernetes 1.36, which stays, and not 1.35"),
        ("1.36", "1.36", ""),
        # The operator goes ahead.
        ("1.35", "1.36", ""),
        ("", "1.36", ""),
    ],
)
def test_a_control_plane_that_is_ahead_is_named(
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
    runs: str,
    configured: str,
    says: str,
) -> None:
    """The drill `kubernetes-upgrade` shows that nothing goes back, and that the next one goes."""
    running(monkeypatch, kubernetes=runs)
    plan_of_versions(kubernetes=configured)
    told = [text for text in logged.messages if "EKS runs" in text]
    assert len(told) == bool(says)
    assert all(says in text for text in told)


def test_the_cluster_inside_the_component_keeps_its_version() -> None:
    """Nothing but the drill `kubernetes-upgrade` runs it: children of a component are AWS's."""

    def ask(type_: str) -> Any:
        return _keep_version(
            pulumi.ResourceTransformArgs(
                custom=True, type_=type_, name="c", props={}, opts=pulumi.ResourceOptions()
            )
        )

    assert ask(CONTROL_PLANE).opts.ignore_changes == ["version"]
    assert ask("aws:eks/addon:Addon") is None


def test_without_an_answer_the_calendar_holds_and_the_program_goes_on(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    asked = (EKS, RDS, GROUPS, CLUSTERS, INSTANCES, IMAGE, KEY)
    refuse(monkeypatch, dict.fromkeys(asked, "AccessDenied"))
    plan = plan_of_versions()
    assert plan["nodes-general"].ignore_changes == ("scalingConfig.desiredSize", "instanceTypes")
    assert plan["nodes-general-template"].ignore_changes == ("instanceType",)
    assert "releaseVersion" not in plan["nodes-general"].inputs
    told = [text for text in logged.messages if "so infra/versions.yaml is used" in text]
    assert len(told) == 4
    assert all("AccessDenied" in text for text in told)
