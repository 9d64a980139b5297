"""Relabelling of targets, as Prometheus defines it: `discovery.relabel`. Pure, and stdlib alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import Block
from e2e.monitoring.alloy.values import arguments, choice

Labels = Mapping[str, str]
_ARGUMENTS = ("action", "regex", "replacement", "separator", "source_labels", "target_label")
_ACTIONS = ("replace", "keep", "drop", "labelmap")
_GROUP = re.compile(r"\$(?:(\d+)|\{(\d+)\})")


@dataclass(frozen=True, slots=True)
class Rule:
    action: str
    regex: re.Pattern[str]
    replacement: str
    separator: str
    source_labels: tuple[str, ...]
    target_label: str

    def apply(self, labels: Labels) -> dict[str, str] | None:
        """Give the new labels, or None when the target goes."""
        if self.action == "labelmap":
            return {**labels, **self._mapped(labels)}
        value = self.separator.join(labels.get(name, "") for name in self.source_labels)
        match = self.regex.fullmatch(value)
        if self.action != "replace":
            return dict(labels) if (match is not None) == (self.action == "keep") else None
        if match is None:
            return dict(labels)
        result = _expand(self.replacement, match)
        changed = {**labels, self.target_label: result}
        return {name: text for name, text in changed.items() if text or name != self.target_label}

    def _mapped(self, labels: Labels) -> dict[str, str]:
        matches = ((self.regex.fullmatch(name), text) for name, text in labels.items())
        return {_expand(self.replacement, match): text for match, text in matches if match}


def rules(block: Block) -> tuple[Rule, ...]:
    """Read the rules of a `discovery.relabel`."""
    return tuple(_rule(inner) for inner in block.blocks)


def relabelled(targets: Sequence[Labels], steps: Sequence[Rule]) -> list[dict[str, str]]:
    found = []
    for target in targets:
        labels: dict[str, str] | None = dict(target)
        for step in steps:
            labels = None if labels is None else step.apply(labels)
        if labels is not None:
            found.append(labels)
    return found


def _rule(block: Block) -> Rule:
    given = arguments(block, _ARGUMENTS)
    rule = Rule(
        action=choice(block, given.get("action", "replace"), _ACTIONS),
        regex=re.compile(given.get("regex", "(.*)"), re.DOTALL),
        replacement=given.get("replacement", "$1"),
        separator=given.get("separator", ";"),
        source_labels=tuple(given.get("source_labels", ())),
        target_label=given.get("target_label", ""),
    )
    if rule.action == "replace" and not rule.target_label:
        raise AlloyError(f"line {block.line}: the action replace needs a target_label")
    return rule


def _expand(replacement: str, match: re.Match[str]) -> str:
    """Put groups in; as in Go, one that does not exist is empty."""

    def group(reference: re.Match[str]) -> str:
        number = int(reference[1] or reference[2])
        return (match[number] or "") if number <= len(match.groups()) else ""

    return _GROUP.sub(group, replacement)
