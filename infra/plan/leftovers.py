"""`make leftovers`: lists what AWS still has of a stack, its price, and how to delete it.

It asks by the AWS CLI, which `pulumi up` needs too: a library would be one more dependency, for one
command. It deletes nothing.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from infra.naming import Names
from infra.plan.leftover_kinds import (
    CLASSIC,
    KINDS,
    LOGS_OF_A_DATABASE,
    OTHERS,
    TAGGED,
    Item,
    Kind,
)
from infra.plan.project import ProjectError, read_stack

SECONDS, ENTRIES = 60, 1000
# A role's tags are asked one by one.
MOST_ROLES = 200
# Gives the arguments of `aws` and gets its answer; raises AskError.
Ask: TypeAlias = Callable[[Sequence[str]], Mapping[str, Any]]


class AskError(Exception):
    """AWS did not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Leftover:
    kind: str
    id: str
    since: str
    usd_a_month: float
    # The command; empty where the program knows none.
    delete: str


@dataclass(frozen=True, slots=True)
class Found:
    leftovers: tuple[Leftover, ...]
    # Kinds that AWS did not tell, with its reason.
    unknown: tuple[str, ...]


def search(values: Mapping[str, str], ask: Ask, kinds: Sequence[Kind] = KINDS) -> Found:
    """Ask for every kind; `values` are project, environment, cluster, role_path and region."""
    leftovers: dict[str, Leftover] = {}
    databases: set[str] = set()
    unknown = []
    for kind in kinds:
        try:
            items = list(_items(kind, values, ask))
            leftovers |= {one.id: one for one in (_leftover(kind, item) for item in items)}
            databases |= {item[kind.database] for item in items if kind.database in item}
        except AskError as error:
            unknown.append(f"{kind.name}: {error}")
    try:
        for database in sorted(databases):
            logs = _items(LOGS_OF_A_DATABASE, {**values, "database": database}, ask)
            leftovers |= {one.id: one for one in (_leftover(LOGS_OF_A_DATABASE, i) for i in logs)}
    except AskError as error:
        unknown.append(f"log groups of the database: {error}")
    try:
        answers = [ask(_arguments(question, values, paged=True)) for question in TAGGED]
        found = [one for answer in answers for one in answer.get("ResourceTagMappingList", [])]
        arns = [one["ResourceARN"] for one in found]
        others = [_other(arn, ask) for arn in arns if _split(arn)[1] not in leftovers]
        leftovers |= {one.id: one for one in others}
    except AskError as error:
        unknown.append(f"everything else with the stack's tags: {error}")
    return Found(tuple(leftovers.values()), tuple(unknown))


def _arguments(question: str, values: Mapping[str, str], *, paged: bool) -> list[str]:
    pages = ["--max-items", str(ENTRIES)] if paged else []
    # Filled in after the split: a tag may contain spaces.
    return [part.format_map(values) for part in question.split()] + pages


def _items(kind: Kind, values: Mapping[str, str], ask: Ask) -> Iterator[Item]:
    for question in kind.questions:
        answer = ask(_arguments(question, values, paged=kind.paged))
        yield from _mine(kind, answer.get(kind.items) or [], values, ask)


def _leftover(kind: Kind, item: Item) -> Leftover:
    return Leftover(
        kind.name,
        item[kind.id],
        _day(item.get(kind.since)),
        round(kind.price(item), 2),
        f"aws {kind.delete.format(id=item[kind.id])}",
    )


def _mine(kind: Kind, items: Sequence[Item], values: Mapping[str, str], ask: Ask) -> Iterator[Item]:
    wanted = {"Project": values["project"], "Environment": values["environment"]}.items()
    if not kind.named:  # the question asked for this stack
        yield from items
        return
    ours = re.compile(kind.ours.format_map(values))
    named = [one for one in items if ours.search(one[kind.named])]
    for item in named[:MOST_ROLES] if kind.ask_tags else items:
        if kind.ask_tags:
            tags = ask(_arguments(kind.ask_tags, {"id": item[kind.id]}, paged=False))["Tags"]
        else:
            tags = item.get(kind.tags, [])
        if wanted <= _tags(tags).items() or (not tags and not kind.ask_tags and item in named):
            yield item


def _tags(tags: Sequence[Item]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in tags}


def _split(arn: str) -> tuple[str, str]:
    """Return service and type of an ARN, and the name of what it names."""
    *_, service, _region, _account, resource = arn.split(":", 5)
    if resource.startswith("log-group:"):
        return service, resource.partition(":")[2]
    parts = re.split("[:/]", resource)
    if parts[0] == "loadbalancer" and resource.count("/") == 1:
        return CLASSIC, parts[-1]
    return f"{service}:{parts[0] if len(parts) > 1 else ''}", parts[-1]


def _other(arn: str, ask: Ask) -> Leftover:
    kind, name = _split(arn)
    title, usd, delete = OTHERS.get(kind, (kind, 0.0, ""))
    since = ""
    if kind == "kms:key":
        state = ask(["kms", "describe-key", "--key-id", name])["KeyMetadata"]
        since = _day(state["CreationDate"])
        if state["KeyState"] == "PendingDeletion":
            title, usd, delete = f"KMS key, gone on {_day(state['DeletionDate'])}", 0.0, ""
    command = f"aws {delete.format(arn=arn, id=name)}" if delete else ""
    # Names of different kinds may be the same; ARNs are not.
    return Leftover(title, name if "{id}" in delete else arn, since, usd, command)


def _day(moment: object) -> str:
    """Return the day of a time, which AWS gives as text, seconds or milliseconds."""
    if isinstance(moment, int | float):
        seconds = moment / 1000 if moment > 10**11 else moment
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    return str(moment or "")[:10]


def render(found: Found, region: str) -> str:
    """Lay out one line each, with the command below it, and the sum."""
    lines = []
    for one in sorted(found.leftovers, key=lambda one: -one.usd_a_month):
        since = f"since {one.since}" if one.since else ""
        lines.append(f"{one.kind:20} {one.id}  {since}  ${one.usd_a_month:.2f} a month".rstrip())
        lines += [f"    {one.delete.replace('aws ', f'aws --region {region} ', 1)}"] * bool(
            one.delete
        )
    total = sum(one.usd_a_month for one in found.leftovers)
    lines.append(f"{len(found.leftovers)} left, about ${total:.2f} a month (prices of us-east-1).")
    lines += [f"Not known: {text}" for text in found.unknown]
    return "\n".join(lines)


def ask_aws(arguments: Sequence[str], region: str) -> Mapping[str, Any]:
    """Run the AWS CLI with its ambient credentials, for a minute at most."""
    command = ["aws", *arguments, "--region", region, "--output", "json", "--no-cli-pager"]
    try:
        done = subprocess.run(  # noqa: S603  a fixed list of commands
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        raise AskError("the AWS CLI is not on PATH: install version 2") from None
    except subprocess.TimeoutExpired:
        raise AskError(f"no answer within {SECONDS} s") from None
    if done.returncode:
        raise AskError(" ".join(done.stderr.split())[-300:])
    answer: Mapping[str, Any] = json.loads(done.stdout or "{}")
    if "NextToken" in answer:
        raise AskError(f"more than {ENTRIES} entries: delete some, and ask again")
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is left; return 1 if AWS did not tell everything."""
    parser = argparse.ArgumentParser(prog="python -m infra.plan.leftovers", description=__doc__)
    parser.add_argument("--stack", default="dev", help="name of the stack (dev)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder with Pulumi.yaml")
    chosen = parser.parse_args(arguments)
    try:
        config = read_stack(chosen.root, chosen.stack)
    except ProjectError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    setting = {key.partition(":")[2]: value for key, value in config.values.items()}
    tags = Names(config.project, config.stack).tags(json.loads(setting.get("tags", "{}")))
    values = {
        "project": tags["Project"],
        "environment": tags["Environment"],
        "cluster": Names(config.project, config.stack).cluster,
        "role_path": setting["rolePath"],
        "region": setting["region"],
    }
    places: dict[str, Sequence[Kind]] = {values["region"]: KINDS}
    if copies := json.loads(setting["database"]).get("backupCopyRegion"):
        places[copies] = tuple(kind for kind in KINDS if kind.copied)
    unknown = False
    for region, kinds in places.items():
        found = search(values, partial(ask_aws, region=region), kinds)
        sys.stdout.write(f"{region}:\n{render(found, region)}\n")
        unknown |= bool(found.unknown)
    return int(unknown)


if __name__ == "__main__":
    sys.exit(main())
