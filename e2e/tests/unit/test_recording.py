import json
import os
from pathlib import Path

from e2e.load_balancer.target_group import Recording


def record(path: Path, arn: str, *, at: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"arn": arn}))
    os.utime(path, (at, at))


def test_a_target_group_may_come_later(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "aws" / "*targetgroup*.json")
    assert recording.read().arn == "none yet"  # and not any
    assert not recording.changed()
    record(tmp_path / "aws" / "arn%3Atargetgroup%2Fa.json", "a", at=1)
    assert recording.changed()
    assert recording.read().arn == "a"
    assert not recording.changed()


def test_the_newest_counts_and_the_last_stays_when_all_are_gone(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "*targetgroup*.json")
    record(tmp_path / "targetgroup-a.json", "a", at=1)
    recording.read()
    record(tmp_path / "targetgroup-b.json", "b", at=2)
    assert recording.changed()
    assert recording.read().arn == "b"
    record(tmp_path / "targetgroup-b.json", "b2", at=3)
    assert recording.changed()
    assert recording.read().arn == "b2"
    for file in tmp_path.iterdir():
        file.unlink()
    assert not recording.changed()
