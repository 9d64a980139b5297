"""The plan as text for a terminal: components with their resources, findings, outputs."""

from collections.abc import Iterator, Sequence

from infra.config.findings import Finding
from infra.plan.describe import describe
from infra.plan.model import Plan, PlannedResource

BOLD, DIM, YELLOW, RESET = "\033[1m", "\033[2m", "\033[33m", "\033[0m"


def render(plan: Plan, findings: Sequence[Finding], *, color: bool) -> str:
    """Lay the plan out; `color` adds terminal codes."""
    paint = _Paint(color=color)
    lines = [
        *_components(plan, paint),
        *_findings(findings, paint),
        *_outputs(plan, paint),
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


def _outputs(plan: Plan, paint: _Paint) -> Iterator[str]:
    yield ""
    yield paint(BOLD, f"Outputs ({len(plan.outputs)})")
    width = max(map(len, plan.outputs), default=0)
    for name, value in plan.outputs.items():
        yield f"  {name:{width}}  {paint(DIM, str(value))}"
