"""Alloy's configuration language as a tree: blocks, attributes and expressions. Pure.

A part of the language: `+` is the only operator, and nothing is indexed. The rest is refused, not
passed over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.tokens import Token, tokens

_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Array:
    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Object:
    fields: "Mapping[str, Expression]"


@dataclass(frozen=True, slots=True)
class Reference:
    """`loki.write.loki.receiver`."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """`sys.env("NAME")`."""

    function: str
    arguments: "tuple[Expression, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Sum:
    left: "Expression"
    right: "Expression"


Expression: TypeAlias = Literal | Array | Object | Reference | Call | Sum


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    value: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """`stage.match { … }`, or with a label: `loki.process "pods" { … }`."""

    name: str
    label: str
    body: "tuple[Attribute | Block, ...]"
    line: int

    @property
    def attributes(self) -> dict[str, Attribute]:
        return {each.name: each for each in self.body if isinstance(each, Attribute)}

    @property
    def blocks(self) -> "tuple[Block, ...]":
        return tuple(each for each in self.body if isinstance(each, Block))

    @property
    def identity(self) -> str:
        """The name by which others refer to it."""
        return f"{self.name}.{self.label}" if self.label else self.name


def parse(text: str) -> Block:
    """Read a file; it is the body of a block without a name."""
    reader = _Reader(tokens(text))
    body = tuple(reader.body("eof"))
    return Block("", "", body, 1)


class _Reader:
    def __init__(self, words: Iterator[Token]) -> None:
        self._words = words
        self._token = next(words)

    def _next(self) -> Token:
        token, self._token = self._token, next(self._words, self._token)
        return token

    def _expect(self, kind: str) -> Token:
        if self._token.kind != kind:
            found = self._token.text.strip() or f"the {self._token.kind} of a line or of the file"
            raise AlloyError(f"line {self._token.line}: {kind} is expected, not {found}")
        return self._next()

    def body(self, until: str) -> Iterator[Attribute | Block]:
        seen: set[str] = set()
        while self._token.kind != until:
            statement = self._statement()
            if isinstance(statement, Attribute):
                if statement.name in seen:
                    raise AlloyError(f"line {statement.line}: {statement.name} is given twice")
                seen.add(statement.name)
            yield statement
            if self._token.kind != until:
                self._expect("end")

    def _statement(self) -> Attribute | Block:
        line = self._token.line
        name = self._dotted()
        if self._token.kind == "=":
            if "." in name:
                raise AlloyError(f"line {line}: {name} is no attribute's name, which has no dot")
            self._next()
            return Attribute(name, self._expression(), line)
        label = self._next().text if self._token.kind == "string" else ""
        if label and not label.isidentifier():
            raise AlloyError(f"line {line}: {label!r} is no identifier, which a label must be")
        self._expect("{")
        body = tuple(self.body("}"))
        self._expect("}")
        return Block(name, label, body, line)

    def _dotted(self) -> str:
        parts = [self._expect("name").text]
        while self._token.kind == ".":
            self._next()
            parts.append(self._expect("name").text)
        return ".".join(parts)

    def _expression(self) -> Expression:
        left = self._operand()
        while self._token.kind == "+":
            self._next()
            left = Sum(left, self._operand())
        return left

    def _operand(self) -> Expression:
        token = self._token
        match token.kind:
            case "string":
                return Literal(self._next().text)
            case "number":
                return Literal(float(self._next().text))
            case "[":
                return Array(tuple(self._list("[", "]")))
            case "{":
                return Object(self._fields())
            case "name" if token.text in _WORDS:
                return Literal(_WORDS[self._next().text])
            case "name":
                return self._reference()
        raise AlloyError(f"line {token.line}: an expression is expected, not {token.text.strip()}")

    def _reference(self) -> Reference | Call:
        line = self._token.line
        name = self._dotted()
        if self._token.kind != "(":
            return Reference(name, line)
        return Call(name, tuple(self._list("(", ")")), line)

    def _list(self, opening: str, closing: str) -> Iterator[Expression]:
        self._expect(opening)
        while self._token.kind != closing:
            yield self._expression()
            if self._token.kind != closing:
                self._expect(",")
        self._expect(closing)

    def _fields(self) -> dict[str, Expression]:
        self._expect("{")
        fields: dict[str, Expression] = {}
        while self._token.kind != "}":
            key = self._next() if self._token.kind == "string" else self._expect("name")
            self._expect("=")
            if key.text in fields:
                raise AlloyError(f"line {key.line}: {key.text} is given twice in one object")
            fields[key.text] = self._expression()
            if self._token.kind != "}":
                self._expect(",")
        self._expect("}")
        return fields
