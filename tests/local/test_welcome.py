"""The commands that a start prints are run as they are printed, in a directory with quotes."""

import json
import subprocess

from tests.support.alertmanager import fingerprint
from tests.support.local_platform import Platform


def shell(command: str) -> dict[str, object]:
    done = subprocess.run(  # noqa: S603 - what the platform tells a person to run
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def printed(platform: Platform, words: str) -> str:
    (command,) = [line.strip() for line in platform.output.splitlines() if words in line]
    return command


def test_without_prometheus_a_pasted_command_sends_an_alert_and_another_shows_it(
    shared_platform: Platform,
) -> None:
    assert "apt-get install prometheus prometheus-alertmanager" in shared_platform.output
    sent = shell(printed(shared_platform, "/api/v1/webhooks/alertmanager"))
    assert sent == {"accepted": 1, "rejected": []}
    shown = shell(printed(shared_platform, "status=firing"))
    items = shown["items"]
    assert isinstance(items, list)
    (alert,) = [item for item in items if item["labels"]["alertname"] == "CheckoutSlow"]
    assert alert["status"] == "firing"
    assert alert["fingerprint"] == fingerprint(alert["labels"])
