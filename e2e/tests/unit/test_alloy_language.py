"""The reader of Alloy's language: what it takes, what it refuses, and in which line."""

import pytest

from e2e.monitoring.alloy.check import problems
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import Array, Call, Literal, Object, Reference, Sum, parse

WRITE = 'loki.write "x" { endpoint { url = "http://loki/push" } }\n'


def test_blocks_attributes_and_expressions() -> None:
    text = """
    // a comment, and /* another */
    a.b "c" {
      text = "x \\"y\\" \\\\d" /* over
                                lines */
      raw  = `\\d`
      list = [1, "two", true, null,
              a.b.c]
      map  = { key = "v", "two words" = f.g("x") + "y" }
      d { }
    }
    """
    [block] = parse(text).blocks
    assert block.identity == "a.b.c"
    values = {name: attribute.value for name, attribute in block.attributes.items()}
    assert values["text"] == Literal('x "y" \\d')
    assert values["raw"] == Literal("\\d")
    assert values["list"] == Array(
        (Literal(1.0), Literal("two"), Literal(True), Literal(None), Reference("a.b.c", 8))
    )
    assert values["map"] == Object(
        {
            "key": Literal("v"),
            "two words": Sum(Call("f.g", (Literal("x"),), 9), Literal("y")),
        }
    )
    assert [inner.name for inner in block.blocks] == ["d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {", "line 1"),
        ("a {\n}\n}", "line 3: name is expected, not }"),
        ("a { b = }", "an expression is expected"),
        ('a { b = "x }\n', "starts no word"),
        ("a { b = 1 c = 2 }", "end is expected"),
        ("a { b = 1\nb = 2\n}", "line 2: b is given twice"),
        ("a { b.c = 1 }", "no attribute's name"),
        ('a "not an identifier" { }', "no identifier"),
        ("a { b = [1, 2\n] }", ", is expected"),
        ("a { b = { c = 1\n} }", ", is expected"),
        ("a { b = { c = 1, c = 2 } }", "twice in one object"),
        ("a { b = 1 * 2 }", "end is expected"),
        ("a { b = c[0] }", "end is expected"),
        ('a { b = "\\d" }', "escape"),
        ("a { # }", "starts no word"),
    ],
)
def test_what_is_no_configuration(text: str, message: str) -> None:
    with pytest.raises(AlloyError, match=message):
        parse(text)


def test_a_configuration_that_is_documented() -> None:
    assert problems(parse(WRITE)) == []
    assert problems(parse('logging { level = "warn" }\n')) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("loki.wrote x", "expected"),
        ('loki.wrote "x" { }', "line 1: loki.wrote is not in reference.txt"),
        ("loki.write { }", "line 1: loki.write needs a label"),
        ('logging "x" { }', "line 1: logging needs no label"),
        (WRITE + WRITE, "line 2: loki.write.x is there twice"),
        ("a = 1", "line 1: a stands outside of every block"),
        ('loki.write "x" { endpoint { uri = "x" } }', "endpoint has no argument uri"),
        ('loki.write "x" { endpoint { } }', "endpoint needs url"),
        ('loki.write "x" { endpoint { url = 5 } }', "url is no string"),
        ('loki.write "x" { endpoint { url = loki.write.x.receiver } }', "is receiver, not string"),
        ('loki.write "x" { endpont { } }', "loki.write has no block endpont"),
        ('loki.write "x" { endpoint { url = f("x") } }', "the function f is not known here"),
        (
            'loki.write "x" { endpoint { \n url = "x"\n enable_http2 = sys.env("x")\n } }',
            "line 3: enable_http2 is a bool, sys.env gives a string",
        ),
        (
            'loki.write "x" { endpoint { \n url = "x"\n batch_wait = "1"\n } }',
            "line 3: batch_wait is no duration",
        ),
        (
            'loki.process "p" { forward_to = [loki.write.y.receiver] }',
            "loki.write.y.receiver leads to no component",
        ),
        (WRITE + 'loki.process "p" { forward_to = [loki.write.x.output] }', "exports no output"),
        (WRITE + 'loki.process "p" { forward_to = ["x"] }', "forward_to is no receiver"),
        (WRITE + 'loki.process "p" { forward_to = loki.write.x.receiver }', "not receivers"),
    ],
)
def test_what_is_not_documented(text: str, found: str) -> None:
    try:
        said = "\n".join(problems(parse(text)))
    except AlloyError as error:
        said = str(error)
    assert found in said
