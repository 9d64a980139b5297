"""Where AWS can be asked which versions it offers, its answer counts."""

import logging
from collections.abc import Iterator

import grpc
import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct

from infra.plan import cloud
from infra.plan.recorder import logger
from tests.support.plan import Tree, plan_with

EKS = "aws:eks/getClusterVersions:getClusterVersions"
RDS = "aws:rds/getEngineVersion:getEngineVersion"
GROUPS = "aws:autoscaling/getAmiIds:getAmiIds"
ANSWER = cloud.answer


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


def refuse(function: str, also: frozenset[str] = frozenset()) -> Struct:
    if function in {EKS, RDS, GROUPS} | also:
        raise RefusedError("AccessDenied")
    return ANSWER(function)


def know_no_postgres(function: str) -> Struct:
    if function == RDS:
        raise RefusedError("no RDS engine versions match the criteria")
    return ANSWER(function)


def unchanged(_: Tree) -> None:
    pass


def answer(monkeypatch: pytest.MonkeyPatch, *statuses: str) -> None:
    versions = [{"versionStatus": status} for status in statuses]
    monkeypatch.setitem(cloud.FUNCTIONS, EKS, {"clusterVersions": versions})


@pytest.mark.parametrize("statuses", [(), ("UNSUPPORTED",)])
def test_a_version_that_eks_creates_no_more_stops_the_program(
    statuses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, *statuses)
    with pytest.raises(
        pulumi.RunError, match=r"EKS does not create clusters with Kubernetes 1\.35"
    ):
        plan_with(unchanged)


def test_a_version_that_costs_extra_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    answer(monkeypatch, "EXTENDED_SUPPORT")
    assert plan_with(unchanged).resources
    assert "cluster.version: EKS charges extended support for Kubernetes 1.35." in logged.messages


def test_the_minor_that_a_major_stands_for_is_said(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(cloud.FUNCTIONS, RDS, {"versionActual": "15.18"})
    plan_with(unchanged)
    assert "database.version: 15 is PostgreSQL 15.18 today." in logged.messages


def test_a_version_that_rds_does_not_offer_stops_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cloud, "answer", know_no_postgres)
    with pytest.raises(pulumi.RunError, match=r"RDS does not offer this version in this region"):
        plan_with(unchanged)


def test_without_an_answer_the_calendar_holds_and_the_program_goes_on(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cloud, "answer", refuse)
    plan = plan_with(unchanged)
    assert plan["nodes-general"].ignore_changes == ("scalingConfig.desiredSize",)
    told = [text for text in logged.messages if "so infra/versions.py is used" in text]
    assert len(told) == 2
    assert all("AccessDenied" in text for text in told)
