import json

import pytest

from benchmarks.recording import NothingRecorded, script, statements_between, with_literals


def entry(message: str, detail: str = "", application: str = "backend-api") -> str:
    return json.dumps({"message": message, "detail": detail, "application_name": application})


LOG = "\n".join(
    [
        entry("statement: SELECT 'too early'"),
        entry("statement: SELECT 'mark-1'", application=""),
        entry("statement: BEGIN;"),
        entry("parameters were rather long"),
        entry(
            "execute __asyncpg_stmt_2__: INSERT INTO a VALUES ($1, $2)",
            "Parameters: $1 = 'x', $2 = NULL",
        ),
        entry("statement: VACUUM", application="somebody else"),
        entry("statement: COMMIT;"),
        entry("statement: SELECT 'mark-2'", application=""),
        entry("statement: SELECT 'too late'"),
    ]
)


def test_statements_of_the_service_between_two_marks() -> None:
    assert statements_between(LOG, "mark-1", "mark-2") == [
        "BEGIN",
        "INSERT INTO a VALUES ('x', NULL)",
        "COMMIT",
    ]


def test_a_missing_mark_is_an_error() -> None:
    with pytest.raises(NothingRecorded, match="mark-3"):
        statements_between(LOG, "mark-1", "mark-3")


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        # A quote in a value, another parameter's name in a value, and more than nine parameters.
        ("Parameters: $1 = 'it''s, $2 = ''no''', $2 = 'b'", "SELECT 'it''s, $2 = ''no''' || 'b'"),
        ("parameters: $1 = '{\"a\": 1}', $2 = NULL", "SELECT '{\"a\": 1}' || NULL"),
    ],
)
def test_parameters_become_literals(detail: str, expected: str) -> None:
    assert with_literals("SELECT $1 || $2", detail) == expected


def test_ten_is_not_one_and_zero() -> None:
    detail = ", ".join(f"${number} = '{number}'" for number in range(1, 11))

    assert with_literals("SELECT $10, $1", f"Parameters: {detail}") == "SELECT '10', '1'"


def test_the_script_takes_another_group_each_time() -> None:
    made = script(["BEGIN", "SELECT '123456789012-001'"], 123456789012, "random(1, 9)")

    assert made == "\\set alert_group random(1, 9)\nBEGIN;\nSELECT ':alert_group-001';\n"


def test_a_script_without_its_group_would_measure_something_else() -> None:
    with pytest.raises(NothingRecorded, match="group 7"):
        script(["SELECT 1"], 7, "random(1, 9)")
