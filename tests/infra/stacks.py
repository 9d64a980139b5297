"""Stacks that people run besides `dev` and `prod`: each is a change of `dev`'s settings."""

from collections.abc import Callable, Mapping

from tests.support.plan import Tree

VARIANTS: Mapping[str, Callable[[Tree], None]] = {}
