"""The base of every group of Pulumi.<stack>.yaml, and types that several groups share. Pure."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


class Group(BaseModel):
    """Closed and frozen; YAML spells the names in camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


def _version_text(value: object) -> object:
    """Refuse fractions, because YAML reads 1.30 as 1.3. A whole number such as 15 is safe."""
    if isinstance(value, float):
        raise ValueError(  # noqa: TRY004  pydantic collects ValueErrors only
            f'is a number, which loses zeros: write it in quotes, "{value}"'
        )
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def distinct(values: object) -> object:
    """Refuse a list that names something twice, which Pulumi or AWS would refuse half-way."""
    members = list(values) if isinstance(values, tuple) else []
    twice = next((one for one in members if members.count(one) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice} twice")
    return values


Version = Annotated[
    str, BeforeValidator(_version_text), StringConstraints(pattern=r"^[ -~]{1,20}$")
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
