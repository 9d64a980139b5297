"""Checks the tags, which every resource gets. Pure."""

import unicodedata
from collections.abc import Iterator, Mapping

from infra.config.findings import Finding, error, warning

# Beginnings of keys that AWS and the EBS CSI driver refuse (pkg/driver/validation.go of 1.64).
RESERVED_TAGS = ("aws:", "kubernetes.io", "ebs.csi.aws.com/", "csivolume")
# By these, `make leftovers` and the check of ranges tell the stacks of an account apart.
OWN_TAGS = ("Project", "Environment")
# AWS allows 50. The program sets three, and the EBS CSI driver nine more on a volume.
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 38, 128, 256


def validate_tags(tags: Mapping[str, str]) -> Iterator[Finding]:
    """Check what AWS refuses, and the EBS CSI driver, which gets the tags as one argument."""
    if len(tags) > MOST_TAGS:
        yield error("tags", f"there are {len(tags)}", f"Use {MOST_TAGS} at most")
    for key, value in tags.items():
        setting = f"tags.{key[:LONGEST_KEY]}"
        if key.lower().startswith(RESERVED_TAGS):
            yield error(
                setting, "is a tag that AWS or the EBS CSI driver sets itself", "Use another key"
            )
        elif not 0 < len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            yield error(
                setting,
                f"the key has {len(key)} characters and the value {len(value)}",
                f"Use 1 to {LONGEST_KEY} for the key, and up to {LONGEST_VALUE} for the value",
            )
        elif not all(map(_is_usable, key + value)) or "=" in key:
            yield error(
                setting,
                f"{value!r} or its key cannot be a tag of every resource, volumes among them",
                "Use letters, digits, spaces and + - = . _ : / @, and no = in a key",
            )
        elif key in OWN_TAGS:
            yield warning(
                setting,
                f"{value!r} takes the place of the stack's own value: with another stack of the"
                " same value in this account, `make leftovers` would list what that one runs",
                f"Use another key, or a value of {key} that no other stack has",
            )


def _is_usable(character: str) -> bool:
    """Tell whether a tag may contain it: letters, digits and separators of every script."""
    return unicodedata.category(character)[0] in "LNZ" or character in "+-=._:/@"
