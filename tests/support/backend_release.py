"""charts/backend rendered with exactly the program's values."""

import functools

from tests.support.chart import Rendered, Tree, render
from tests.support.plan import inputs_of, plan_of


def values_of(stack: str) -> Tree:
    """Return the program's values, with something in place of what AWS gives."""
    values: Tree = inputs_of(plan_of(stack), "backend-release")["values"]
    return _known(values)


@functools.cache
def rendered_backend(stack: str) -> Rendered:
    release = inputs_of(plan_of(stack), "backend-release")
    return render(values_of(stack), release=release["name"], namespace=release["namespace"])


def _known(values: Tree) -> Tree:
    """Put a value in the place of each that AWS gives: the plan writes <resource.property>."""
    return {
        key: _known(value)
        if isinstance(value, dict)
        else "known.example.com"
        if isinstance(value, str) and value.startswith("<")
        else value
        for key, value in values.items()
    }
