"""Types of texts that several domains accept."""

from typing import Annotated

from pydantic import StringConstraints

from backend.sentences import described

# PostgreSQL cannot store NUL in a text.
NO_NUL = described(r"^[^\x00]*$", "It must not contain a NUL character.")
NOT_BLANK = described(
    r"^[^\x00]*[^\x00\s][^\x00]*$",
    "It needs a character that is not a blank, and must not contain a NUL character.",
)
_SLUG = described(
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "It must be lower-case letters, digits and hyphens, and begin and end with a letter or digit.",
)

# A DNS label: fits host names, Kubernetes objects and label values.
Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=63)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NOT_BLANK),
]
