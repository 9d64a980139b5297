"""The plan as text for a terminal: components with their resources, findings, outputs."""

from collections.abc import Iterable, Iterator, Sequence

from infra.config.findings import Finding
from infra.plan.comparison import Comparison
from infra.plan.describe import describe
from infra.plan.destruction import Destruction, destruction
from infra.plan.model import Plan, PlannedResource

BOLD, DIM, YELLOW, RESET = "\033[1m", "\033[2m", "\033[33m", "\033[0m"


def render(
    plan: Plan,
    findings: Sequence[Finding],
    *,
    nodes: Iterable[str] = (),
    comparison: Comparison | None = None,
    color: bool,
) -> str:
    """Lay the plan out, and below it a comparison; `color` adds terminal codes.

    `nodes` are the sentences about them.
    """
    paint = _Paint(color=color)
    lines = [
        *_components(plan, paint),
        "",
        paint(BOLD, "Nodes"),
        *(f"  {line}" for line in nodes),
        *_findings(findings, paint),
        *_destruction(destruction(plan), paint),
        *_outputs(plan, paint),
        *(_comparison(comparison, paint) if comparison else ()),
    ]
    return "\n".join(lines)


class _Paint:
    def __init__(self, *, color: bool) -> None:
        self._color = color

    def __call__(self, code: str, text: str) -> str:
        return f"{code}{text}{RESET}" if self._color else text


def _components(plan: Plan, paint: _Paint) -> Iterator[str]:
    parents = {resource.parent for resource in plan.resources}
    components = {
        name: [resource for resource in resources if resource.name not in parents]
        for name, resources in plan.components().items()
    }
    width = max(len(resource.name) for resource in plan.resources)
    kinds = max(len(_kind(resource)) for resource in plan.resources)
    yield paint(BOLD, f"Stack {plan.stack}: {sum(map(len, components.values()))} resources")
    for name, resources in components.items():
        yield ""
        yield paint(BOLD, f"{name} ({len(resources)})")
        for resource in resources:
            line = f"  {resource.name:{width}}  {_kind(resource):{kinds}}"
            yield f"{line}  {paint(DIM, describe(resource))}".rstrip()


def _kind(resource: PlannedResource) -> str:
    return resource.type.rsplit(":", 1)[-1]


def _findings(findings: Sequence[Finding], paint: _Paint) -> Iterator[str]:
    yield ""
    yield paint(BOLD, f"Findings ({len(findings)})")
    for finding in findings:
        yield f"  {paint(YELLOW, finding.severity)}  {finding.setting}: {finding.message}."
        yield f"           {paint(DIM, finding.remedy)}."


def _destruction(found: Destruction, paint: _Paint) -> Iterator[str]:
    yield ""
    yield paint(BOLD, "What a destroy would take")
    if found.refused:
        yield f"  {paint(YELLOW, 'refused')}  while protected: {', '.join(found.refused)}"
    yield from (f"  {paint(YELLOW, 'lost')}     {text}" for text in found.lost)
    yield from (f"  stays    {text}" for text in found.stays)


def _comparison(found: Comparison, paint: _Paint) -> Iterator[str]:
    yield ""
    yield paint(BOLD, "Changes")
    if found.refused is None:
        yield f"  {paint(YELLOW, 'unknown')}  the old plan does not say which changes are refused"
    yield from (f"  {paint(YELLOW, 'refused')}  {sentence}" for sentence in found.refused or ())
    yield from (f"  added    {name}" for name in found.added)
    yield from (f"  removed  {name}" for name in found.removed)
    for name, paths in found.changed.items():
        yield f"  changed  {name}  {paint(DIM, ', '.join(paths))}"
    yield from (f"  {paint(YELLOW, 'database')} {sentence}" for sentence in found.database)
    if not (found.refused or found.added or found.removed or found.changed):
        yield "  none"


def _outputs(plan: Plan, paint: _Paint) -> Iterator[str]:
    yield ""
    yield paint(BOLD, f"Outputs ({len(plan.outputs)})")
    width = max(map(len, plan.outputs), default=0)
    for name, value in plan.outputs.items():
        yield f"  {name:{width}}  {paint(DIM, str(value))}"
