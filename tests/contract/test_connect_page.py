"""docs/connect.md: what a reader copies works."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from backend.catalog.schemas import ServiceCreate
from backend.integrations.schemas import IntegrationCreate
from tests.support.connect_page import snippet
from tests.support.tools import require_tool


def body(path: str) -> str:
    [found] = re.findall(r"-d '\n(.*?)'", snippet(f"$URL/api/v1/{path}"), re.DOTALL)
    return str(found)


def test_alertmanager_takes_the_receiver(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(snippet("webhook_configs"))
    command = [require_tool("amtool", package="prometheus-alertmanager"), "check-config", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # a tool of Debian
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SUCCESS" in checked.stdout


@pytest.mark.parametrize(
    ("path", "model"), [("integrations", IntegrationCreate), ("services", ServiceCreate)]
)
def test_the_api_takes_what_is_posted(
    path: str, model: type[IntegrationCreate] | type[ServiceCreate]
) -> None:
    assert model.model_validate(json.loads(body(path))).slug
