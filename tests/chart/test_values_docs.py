"""Every value has its sentence, and the README's table says the same."""

import pytest

from tests.support.chart import CHART, default_values
from tests.support.values_table import README, UndocumentedError, readme, table, values


def test_the_readme_is_current() -> None:
    assert README.read_text() == readme(README.read_text()), (
        "charts/backend/values.yaml changed: run `make format`, which writes the table"
    )


def test_every_value_is_in_the_table() -> None:
    documented = {value.name for value in values((CHART / "values.yaml").read_text())}
    groups = {name.partition(".")[0] for name in documented}
    assert groups == set(default_values())


def test_a_value_without_a_comment_is_named() -> None:
    with pytest.raises(UndocumentedError, match=r"group\.second has no"):
        table("group:\n  # -- The first.\n  first: 1\n  second: 2\n")


def test_a_comment_of_several_lines_is_one_sentence() -> None:
    assert table("# -- One\n# two.\nname: [1, 2]\n").endswith("| `name` | `[1, 2]` | One two. |")


def test_every_description_is_a_sentence() -> None:
    texts = [value.description for value in values((CHART / "values.yaml").read_text())]
    assert [text for text in texts if not text[0].isupper() or not text.endswith(".")] == []
