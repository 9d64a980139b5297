"""Every value has its sentence, and the README's table says the same."""

from tests.support.chart import CHART, default_values
from tests.support.values_table import README, readme, values


def test_the_readme_is_current() -> None:
    assert README.read_text() == readme(README.read_text()), (
        "charts/backend/values.yaml changed: run `make format`, which writes the table"
    )


def test_every_value_is_in_the_table() -> None:
    documented = {value.name for value in values((CHART / "values.yaml").read_text())}
    groups = {name.partition(".")[0] for name in documented}
    assert groups == set(default_values())


def test_every_description_is_a_sentence() -> None:
    texts = [value.description for value in values((CHART / "values.yaml").read_text())]
    assert [text for text in texts if not text[0].isupper() or not text.endswith(".")] == []
