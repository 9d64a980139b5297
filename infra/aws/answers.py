"""What AWS says, if there are credentials. Without an answer, a warning says what follows."""

from collections.abc import Callable
from typing import TypeVar

import pulumi

_Answer = TypeVar("_Answer")


def answer(ask: Callable[[], _Answer], so: str) -> _Answer | None:
    """Return what AWS says; None, with a warning that names the consequence, if it says nothing."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        pulumi.log.warn(f"AWS did not answer, so {so}: {error}")
        return None
