"""The table of values in the chart's README, made from the comments of values.yaml.

`python -m tests.support.values_table` writes it; a test says whether it is current.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tests.support.chart import CHART

README = CHART / "README.md"
_BEGIN, _END = "<!-- values: begin -->", "<!-- values: end -->"
_MARK = "# -- "


class UndocumentedError(Exception):
    """A value has no `# --` comment; the text names it."""


@dataclass(frozen=True)
class Value:
    name: str
    default: str
    description: str


def values(text: str) -> Iterator[Value]:
    """Yield each documented value; a group without a comment is described by its members."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    yield from _members(node, text.splitlines(), ())


def _members(node: yaml.MappingNode, lines: list[str], path: tuple[str, ...]) -> Iterator[Value]:
    for key, value in node.value:
        name = (*path, key.value)
        description = _comment(lines, key.start_mark.line)
        if description:
            yield Value(".".join(name), _default(value), description)
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _members(value, lines, name)
        else:
            raise UndocumentedError(f"{'.'.join(name)} has no `# --` comment above it: write one")


def _comment(lines: list[str], line: int) -> str:
    above: list[str] = []
    while line > 0 and lines[line - 1].strip().startswith("#"):
        line -= 1
        above.insert(0, lines[line].strip())
    text = " ".join(part.removeprefix("#").strip() for part in above)
    return text.removeprefix("--").strip() if text.startswith("--") else ""


def _default(node: yaml.Node) -> str:
    loaded = yaml.safe_load(yaml.serialize(node))
    return f"`{json.dumps(loaded, ensure_ascii=False)}`"


def table(text: str) -> str:
    rows = [
        f"| `{value.name}` | {value.default} | {value.description.replace('|', chr(92) + '|')} |"
        for value in values(text)
    ]
    return "\n".join(["| value | default | what |", "|---|---|---|", *rows])


def readme(current: str) -> str:
    """Lay the table between the two marks of the README."""
    before, _, rest = current.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    made = table((CHART / "values.yaml").read_text())
    return f"{before}{_BEGIN}\n{made}\n{_END}{after}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text()))
