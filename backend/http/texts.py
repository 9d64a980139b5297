"""Types of texts that several domains accept."""

from typing import Annotated

from pydantic import StringConstraints

# PostgreSQL cannot store NUL in a text.
NO_NUL = r"^[^\x00]*$"
# A name needs at least one character that is not a blank.
_NAME = r"^[^\x00]*[^\x00\s][^\x00]*$"

# A DNS label: fits host names, Kubernetes objects and label values.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NAME),
]
