"""What the environment may say, and what an operator reads when it says something wrong."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

import backend
from backend import settings
from backend.settings import Settings, SettingsError
from tests.support.settings import environment_of, make_settings

GOOD = {
    "BACKEND_DATABASE_HOST": "db.internal",
    "BACKEND_DATABASE_NAME": "backend",
    "BACKEND_DATABASE_USER": "backend",
}


def load(**variables: str) -> Settings:
    return settings.load({"PATH": "/bin", **GOOD, **variables})


def test_three_variables_are_enough() -> None:
    loaded = load()

    assert loaded.database_host == "db.internal"
    assert loaded.database_sslmode == "require"
    assert loaded.max_body_bytes == 32 * 1024 * 1024


def test_settings_say_the_same_after_a_trip_through_the_environment() -> None:
    original = make_settings(otlp_endpoint="http://collector:4318/", trace_sample_ratio=0.5)

    assert load(**environment_of(original)) == original


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"BACKEND_DATABASE_PROT": "5432"},
            "BACKEND_DATABASE_PROT is not a setting: did you mean BACKEND_DATABASE_PORT?",
        ),
        (
            {"BACKEND_SECRET_SAUCE": "x"},
            "BACKEND_SECRET_SAUCE is not a setting: remove it.",
        ),
        (
            {"BACKEND_DATABASE_POOL_SIZE": "0"},
            "BACKEND_DATABASE_POOL_SIZE='0': Input should be greater than or equal to 1.",
        ),
        (
            {"BACKEND_OTLP_ENDPOINT": "collector:4318"},
            "BACKEND_OTLP_ENDPOINT='collector:4318': must start with http:// or https://.",
        ),
        (
            {"BACKEND_DATABASE_HOST": ""},
            "BACKEND_DATABASE_HOST='': String should have at least 1 character.",
        ),
        (
            {"BACKEND_DATABASE_HOST": "/run/postgresql"},
            (
                "database_sslmode is 'require' but database_host is the directory"
                " '/run/postgresql',"
                " and a Unix socket has no TLS: set BACKEND_DATABASE_SSLMODE=disable."
            ),
        ),
    ],
)
def test_a_wrong_variable_is_named_with_its_value_and_the_remedy(
    variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**variables)

    assert str(caught.value) == sentence


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({})

    for name in GOOD:
        assert f"{name} is missing: set it." in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_settings().log_level = "debug"  # type: ignore[misc]  # what the test is about


def test_no_setting_holds_a_secret_itself() -> None:
    secret = {
        name
        for name in Settings.model_fields
        if "password" in name or "token" in name or "key" in name
    }

    assert {name for name in secret if not name.endswith("_file")} == set()


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert backend.__version__ == project["version"]
