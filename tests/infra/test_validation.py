"""Warnings: what an operator should know, and the deployment goes on."""

from datetime import date

import pytest

from infra import versions
from infra.config.findings import Finding, Severity
from infra.config.options import Options
from infra.settings import parse_options
from infra.validation.deployment import validate
from infra.versions import Support
from tests.infra.stacks import private
from tests.support.plan import TODAY, Tree, stack_values

ERROR, WARNING, NEWS = Severity.ERROR, Severity.WARNING, Severity.INFORMATION
# Only what does not run yet is stopped.
NO_MORE = Severity.ERROR_IF_NEW


def options_of(values: Tree) -> Options:
    return parse_options(values, "test")


def findings_with(group: str, today: date = TODAY, **changed: object) -> list[Finding]:
    values = stack_values("dev")
    values[group] |= changed
    return [
        finding
        for finding in validate(options_of(values), today)
        if finding.setting.startswith(f"{group}.") and "publicEndpoint" not in finding.setting
    ]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_http_without_a_domain_is_a_finding(stack: str) -> None:
    findings = validate(options_of(stack_values(stack)), TODAY)
    (finding,) = [f for f in findings if f.setting == "loadBalancer"]
    assert finding.severity is Severity.WARNING
    assert "tokens" in finding.message
    assert "not encrypted" in finding.message


def test_a_source_that_is_named_twice_is_an_error() -> None:
    values = stack_values("dev") | {"loadBalancer": {"sourceCidrs": ["10.0.0.0/8"] * 2}}
    assert "loadBalancer.sourceCidrs: names a range twice" in str(
        [str(finding) for finding in validate(options_of(values), TODAY)]
    )


def test_a_tag_in_place_of_the_stacks_own_is_a_finding() -> None:
    """Two stacks with the same tag in one account would be taken for one."""
    values = stack_values("dev") | {"tags": {"Environment": "test", "Team": "a"}}
    [finding] = [f for f in validate(options_of(values), TODAY) if f.setting.startswith("tags")]
    assert (finding.setting, finding.severity) == ("tags.Environment", WARNING)
    assert "`make leftovers` would list what that one runs" in finding.message


def test_more_sources_than_a_security_group_takes_are_a_finding() -> None:
    cidrs = [f"198.18.{number}.0/24" for number in range(61)]
    values = stack_values("dev") | {"loadBalancer": {"sourceCidrs": cidrs}}
    found = validate(options_of(values), TODAY)
    assert [f.severity for f in found if "has 61 ranges" in f.message] == [WARNING]


def test_a_documentation_range_that_was_left_in_place_is_a_finding() -> None:
    findings = validate(options_of(stack_values("dev")), TODAY)
    assert [f.message for f in findings if f.setting == "cluster.publicEndpointCidrs"] == [
        "203.0.113.0/24 is reserved for documentation: nobody reaches the Kubernetes API from it"
    ]
    values = stack_values("dev")
    values["cluster"]["publicEndpointCidrs"] = ["198.18.0.0/24"]
    assert "cluster" not in {
        f.setting.partition(".")[0] for f in validate(options_of(values), TODAY)
    }


def test_a_private_stack_says_what_it_lacks() -> None:
    values = stack_values("dev")
    private(values)
    found = {f.setting: f for f in validate(options_of(values), TODAY)}
    assert "only from inside the VPC" in found["cluster.publicEndpoint"].message
    assert "cannot pull images from docker.io, quay.io" in found["network.nat"].message
    assert {finding.severity for finding in found.values()} == {WARNING}


def test_a_ceiling_a_tenth_above_the_size_is_enough() -> None:
    assert findings_with("database", storageGb=50, storageCeilingGb=55) == []


def test_one_node_is_a_finding() -> None:
    values = stack_values("dev")
    values["nodes"]["groups"]["general"]["min"] = 1
    assert "there is only one node" in str(validate(options_of(values), TODAY))


def test_a_subnet_that_is_full_when_a_zone_is_lost_is_a_finding() -> None:
    values = stack_values("dev")
    values["nodes"]["groups"]["general"]["max"] = 4
    findings = [f for f in validate(options_of(values), TODAY) if f.setting.startswith("network")]
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert (
        "has room for 3 nodes with 35 pods, because each takes whole /28 blocks;"
        " after the loss of a zone, node groups can put 4 there" in findings[0].message
    )


@pytest.mark.parametrize(
    ("group", "version", "today", "severity", "says"),
    [
        ("cluster", "1.36", date(2027, 2, 2), None, ""),
        ("cluster", "1.36", date(2027, 2, 3), NEWS, "leaves standard support on 2027-08-02"),
        ("cluster", "1.35", date(2026, 12, 26), NEWS, "leaves standard support on 2027-03-27"),
        ("cluster", "1.35", date(2026, 12, 27), WARNING, "leaves standard support on 2027-03-27"),
        ("cluster", "1.35", date(2027, 2, 25), WARNING, "30 days are left, then extended support"),
        ("cluster", "1.34", date(2026, 12, 1), WARNING, "1 days are left"),
        ("cluster", "1.35", date(2027, 3, 27), WARNING, "costs $438 a month instead of $73"),
        ("cluster", "1.35", date(2028, 3, 27), NO_MORE, "ended on 2028-03-27"),
        ("cluster", "1.33", date(2026, 11, 24), WARNING, "costs $438 a month instead of $73"),
        ("cluster", "1.31", date(2026, 11, 25), WARNING, "ends on 2026-11-26"),
        ("cluster", "1.31", date(2026, 11, 26), NO_MORE, "ended on 2026-11-26"),
        ("cluster", "1.30", date(2026, 11, 24), ERROR, "this program has no add-ons for"),
        ("cluster", "1.99", date(2026, 11, 24), ERROR, "this program has no add-ons for"),
        ("database", "15", date(2026, 11, 24), None, ""),
        ("database", "15.18", date(2026, 11, 24), None, ""),
        ("database", "15.7", date(2026, 11, 24), NO_MORE, "RDS no longer creates PostgreSQL 15.7"),
        ("database", "15.14", date(2026, 11, 24), NO_MORE, "RDS no longer creates"),
        ("database", "16.10", date(2026, 11, 24), NO_MORE, "RDS no longer creates"),
        ("database", "17.6", date(2026, 11, 24), NO_MORE, "RDS no longer creates"),
        ("database", "17.7", date(2026, 11, 24), None, ""),
        ("database", "15", date(2028, 1, 1), WARNING, "leaves standard support on 2028-03-01"),
        ("database", "15", date(2028, 3, 1), WARNING, "costs $146 a month more"),
        ("database", "15", date(2031, 3, 1), NO_MORE, "ended on 2031-03-01"),
        ("database", "9.6", date(2026, 11, 24), ERROR, "this program does not know"),
        ("database", "15.x", date(2026, 11, 24), ERROR, "this program does not know"),
    ],
)
def test_the_calendars(
    group: str, version: str, today: date, severity: Severity | None, says: str
) -> None:
    findings = findings_with(group, today, version=version)
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    program = {"cluster": "Kubernetes", "database": "PostgreSQL"}[group]
    for finding in findings:
        assert says in finding.message
        assert f"{program} {version}" in finding.message


@pytest.mark.parametrize("today", [date(2026, 11, 26), date(2027, 8, 1)])
def test_a_version_that_ended_is_answered_with_the_recommended_one(today: date) -> None:
    (finding,) = findings_with("cluster", today, version="1.31")
    assert '"1.36"' in finding.remedy


@pytest.mark.parametrize(
    ("group", "version", "today", "remedy"),
    [
        # The recommended version is the one that ends, and another is supported longer.
        ("database", "15", date(2028, 1, 1), "Plan the upgrade to 18"),
        ("cluster", "1.35", date(2027, 1, 1), "Plan the upgrade to 1.36"),
        # None is known.
        ("cluster", "1.36", date(2027, 6, 1), "Plan the upgrade to what a newer release"),
    ],
)
def test_an_end_is_answered_with_a_version_that_lasts(
    group: str, version: str, today: date, remedy: str
) -> None:
    (finding,) = findings_with(group, today, version=version)
    assert finding.remedy.startswith(remedy)


def test_unpaid_extended_support_says_that_aws_upgrades_by_itself() -> None:
    (unpaid,) = findings_with("cluster", version="1.33")
    (paid,) = findings_with("cluster", version="1.33", extendedSupport=True)
    assert "AWS upgrades it automatically" in unpaid.remedy
    assert "AWS upgrades it automatically" not in paid.remedy


def test_a_withdrawn_minor_is_answered_with_the_major() -> None:
    (finding,) = findings_with("database", version="15.7")
    assert finding.remedy == 'Use "15", which is its newest minor, or 15.15 or later'


def test_a_standby_doubles_the_price_of_extended_support() -> None:
    (finding,) = findings_with("database", date(2028, 3, 1), multiAz=True)
    assert "costs $292 a month more" in finding.message


def test_every_table_of_the_data_says_where_it_is_from_and_when() -> None:
    assert all(isinstance(table["date"], date) for table in versions._DATA.values())
    assert all(table["source"] for table in versions._DATA.values())


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nobody_starts_with_less_than_half_a_year_of_standard_support(stack: str) -> None:
    assert not [
        f for f in validate(options_of(stack_values(stack)), TODAY) if "ersion" in f.setting
    ]


def test_both_recommended_versions_are_in_standard_support() -> None:
    assert (
        versions.KUBERNETES[versions.RECOMMENDED_KUBERNETES].support.on(TODAY) is Support.STANDARD
    )
    assert versions.POSTGRES[versions.RECOMMENDED_POSTGRES].support.on(TODAY) is Support.STANDARD
