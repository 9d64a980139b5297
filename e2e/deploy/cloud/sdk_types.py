"""What the installed provider SDK says about a resource type.

Inputs are not checked here: mypy has compared them with the SDK's types, and the SDK's classes
refuse unknown and missing arguments.
"""

import functools
import importlib
import keyword
import typing
from collections.abc import Mapping
from importlib import metadata

from pulumi import _types

from e2e.deploy.cloud.errors import Rejected


def version(package: str) -> str:
    """Give the SDK's version, which its plugin has too."""
    return metadata.version(f"pulumi-{package}")


@functools.cache
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


@functools.cache
def outputs_of(token: str) -> Mapping[str, type]:
    """Give all properties of a resource, of which inputs are some."""
    return _types.resource_types(resource_class(token))
