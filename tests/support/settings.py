"""Settings for tests, and the environment that says the same."""

from pathlib import Path

from backend.settings import PREFIX, Settings


def make_settings(**overrides: object) -> Settings:
    """Return settings of a backend whose database nobody will ask; override what matters."""
    values: dict[str, object] = {
        "database_host": "/nonexistent",
        "database_name": "backend",
        "database_user": "backend",
        "database_sslmode": "disable",
        "environment": "test",
    }
    return Settings.model_validate(values | overrides)


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables from which a process reads these settings."""
    values = settings.model_dump(exclude_none=True)
    return {
        PREFIX + name.upper(): str(value) if isinstance(value, Path) else f"{value}"
        for name, value in values.items()
    }
