"""Texts that several domains accept alike: what PostgreSQL can hold and a person can read."""

from typing import Annotated

from pydantic import StringConstraints

# PostgreSQL has no NUL in a text.
NO_NUL = r"^[^\x00]*$"
# A name of blanks alone is none.
_NAME = r"^[^\x00]*[^\x00\s][^\x00]*$"

# A DNS label: fits host names, Kubernetes objects and label values.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NAME),
]
