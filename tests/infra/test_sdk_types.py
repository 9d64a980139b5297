"""The generated SDKs are type-checked only as far as pyproject.toml lists their services.

A service outside the list would be `Any`: a misspelt argument would first be seen by AWS.
"""

import ast
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]
SDKS = {"aws": "pulumi_aws", "k8s": "pulumi_kubernetes"}


def services_in(source: str) -> Iterator[str]:
    """Yield 'pulumi_aws.ec2' for each `aws.ec2.…` and `from pulumi_aws.ec2 import …`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=alias), attr=service) if alias in SDKS:
                if (
                    service.islower()
                ):  # a class of the package itself, such as aws.Provider, is always read
                    yield f"{SDKS[alias]}.{service}"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in SDKS.values():
                yield module


def checked_services() -> list[str]:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    return [
        pattern
        for override in overrides
        if override.get("follow_imports") == "normal"
        for pattern in override["module"]
    ]


def test_every_sdk_service_the_program_uses_is_type_checked() -> None:
    patterns = checked_services()
    used = {s for path in ROOT.glob("infra/**/*.py") for s in services_in(path.read_text())}
    assert {"pulumi_aws.ec2", "pulumi_kubernetes.core"} <= used
    unchecked = {
        service
        for service in used
        if not any(service == p or fnmatchcase(service, p.removesuffix(".*")) for p in patterns)
    }
    assert not unchecked, f"add {sorted(unchecked)} to the mypy overrides in pyproject.toml"
