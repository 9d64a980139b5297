"""Valid names of versions, and the name of this checkout."""

import re
from pathlib import Path

from release.programs import ReleaseError, ask

# The grammar of an image tag. It also keeps out what `helm --set-string` would read as syntax.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def checked(version: str, *, command: str) -> str:
    """Return `version` if it can be an image tag; `command` is the one to name in the error."""
    if not version:
        raise ReleaseError(f"VERSION is missing: {command} VERSION=<image tag>")
    if not _TAG.fullmatch(version):
        raise ReleaseError(
            f"VERSION={version!r} is not an image tag: use letters, digits, '.', '_' and '-',"
            " at most 128, and none of '.' and '-' at the start"
        )
    return version


def revision(root: Path) -> str:
    """Return the commit of the checkout, or "unknown" outside of one."""
    answer = ask(["git", "rev-parse", "HEAD"], cwd=root)
    return answer.stdout.strip() if answer.returncode == 0 else "unknown"


def of_checkout(root: Path) -> str:
    """Name the checkout by its commit. A tag names one content, so nothing may be uncommitted."""
    commit = revision(root)
    if commit == "unknown":
        raise ReleaseError(
            "this is no git checkout, so the image has no name: make image VERSION=<tag>"
        )
    changed = ask(["git", "status", "--porcelain"], cwd=root).stdout.splitlines()
    if changed:
        raise ReleaseError(
            f"{len(changed)} files are not committed (first: {changed[0][3:]}), so {commit[:12]}"
            " does not name this content: commit them, or give a name: make image VERSION=<tag>"
        )
    return commit[:12]
