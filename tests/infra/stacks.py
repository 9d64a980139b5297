"""Stacks that people run besides `dev` and `prod`: each is a change of `dev`'s settings."""

from collections.abc import Callable, Mapping

from tests.support.plan import Tree


def _in(region: str) -> Callable[[Tree], None]:
    def change(values: Tree) -> None:
        values["region"] = region
        values["network"]["zones"] = [f"{region}a", f"{region}b"]

    return change


VARIANTS: Mapping[str, Callable[[Tree], None]] = {
    "china": _in("cn-north-1"),
    "govcloud": _in("us-gov-west-1"),
}
