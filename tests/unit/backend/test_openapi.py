"""The OpenAPI document is complete: whoever reads only it knows every operation and every error."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from backend.app import create_app
from backend.errors import PROBLEM_JSON, Problem
from tests.support.asgi import call
from tests.support.settings import make_settings

METHODS = {"get", "post", "put", "patch", "delete"}
# Statuses that may also come with a report on each part of the body.
REPORTS = {("POST /api/v1/events", "422")}


def document() -> dict[str, Any]:
    return create_app(make_settings()).openapi()


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


OPERATIONS = operations()
every_operation = pytest.mark.parametrize(
    ("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS]
)


def test_operation_ids_are_unique_names_of_handlers() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]

    assert len(ids) > 10
    assert len(set(ids)) == len(ids)
    assert all(id_.isidentifier() for id_ in ids)


@every_operation
def test_an_operation_says_what_it_is_and_what_it_answers(
    name: str, operation: dict[str, Any]
) -> None:
    declared = {tag["name"] for tag in document()["tags"]}
    assert set(operation["tags"]) <= declared
    assert operation["summary"]
    assert operation["description"]
    expected = set()
    if " /api/" in name:
        assert operation["security"] == [{"token": []}]
        expected |= {"401", "403", "503"}
    if operation.get("parameters") or "requestBody" in operation:
        expected |= {"422"}
    if "requestBody" in operation:
        expected |= {"413"}
    assert expected <= operation["responses"].keys()


def test_tokens_are_bearer_tokens() -> None:
    scheme = document()["components"]["securitySchemes"]["token"]

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@every_operation
def test_every_error_is_a_problem_with_an_example_for_each_code(
    name: str, operation: dict[str, Any]
) -> None:
    validator = Draft202012Validator(Problem.model_json_schema())
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            continue
        kinds = [PROBLEM_JSON, "application/json"] if (name, status) in REPORTS else [PROBLEM_JSON]
        assert list(response["content"]) == kinds, name
        media = response["content"][PROBLEM_JSON]
        assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert media["examples"], name
        for code, example in media["examples"].items():
            validator.validate(example["value"])
            assert example["value"]["code"] == code
            assert str(example["value"]["status"]) == status


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    schemas = whole["components"]["schemas"]

    missing = {reference for reference in references(whole) if reference not in schemas}
    assert missing == set()
    assert "HTTPValidationError" not in schemas


def references(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*(references(item) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(references(value) for value in node.values()))


def texts_without_example() -> list[str]:
    """Name each property that holds free text and shows no example of it."""
    return [
        f"{name}.{property_}"
        for name, schema in document()["components"]["schemas"].items()
        for property_, value in schema.get("properties", {}).items()
        if is_free_text(value) and "examples" not in value and "default" not in value
    ]


def is_free_text(schema: dict[str, Any]) -> bool:
    kinds = [schema, *schema.get("anyOf", [])]
    return any(
        kind.get("type") == "string" and not kind.keys() & {"format", "enum", "const"}
        for kind in kinds
    )


def test_free_text_shows_by_example_what_it_holds() -> None:
    assert texts_without_example() == []


async def test_the_document_is_served() -> None:
    answer = await call(create_app(make_settings()), "GET", "/api/openapi.json")

    assert answer.json()["openapi"].startswith("3.1")
