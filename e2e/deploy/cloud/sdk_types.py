"""What the installed provider SDK says about a resource type.

Inputs are not checked here: mypy has compared them with the SDK's types, and the SDK's classes
refuse unknown and missing arguments.
"""

import importlib
import json
import keyword
import typing
from collections.abc import Iterable, Mapping
from importlib import metadata

from pulumi import _types

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.records import write
from e2e.programs.cache import cache_directory


def version(package: str) -> str:
    """Give the SDK's version, which its plugin has too."""
    return metadata.version(f"pulumi-{package}")


def resource_class(token: str) -> type:
    """Find the class of a type token: `aws:rds/instance:Instance` is `pulumi_aws.rds.Instance`."""
    package, module, name = token.split(":")
    group = module.partition("/")[0]
    parts = [f"pulumi_{package.replace('-', '_')}"]
    if group != "index":
        parts.append(group + "_" * keyword.iskeyword(group))  # pulumi_aws.lambda_
    try:
        return typing.cast("type", getattr(importlib.import_module(".".join(parts)), name))
    except (ImportError, AttributeError):
        raise Rejected(f"the installed pulumi_{package} has no resource {token}") from None


def outputs_of(token: str) -> Mapping[str, type]:
    """Give all properties of a resource, of which inputs are some."""
    return _types.resource_types(resource_class(token))


def output_names(package: str, tokens: Iterable[str]) -> Mapping[str, list[str]]:
    """Give the names of all properties of several types, from a file that an earlier call wrote.

    To load the classes takes 1.5 s, and every `pulumi` command starts the plugins anew.
    """
    file = cache_directory() / "sdk" / f"{package}-{version(package)}.json"
    known: dict[str, list[str]] = json.loads(file.read_bytes()) if file.exists() else {}
    if missing := [token for token in tokens if token not in known]:
        known |= {token: sorted(outputs_of(token)) for token in missing}
        write(file, json.dumps(known))
    return known
