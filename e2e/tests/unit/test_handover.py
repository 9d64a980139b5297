"""What `make e2e KEEP=1` leaves, on a platform that is played."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2e.cluster.processes import MARK
from e2e.deploy.engine.checkpoint import Checkpoint
from e2e.deploy.engine.stacks import Stack
from e2e.platform import handover


class Engine:
    def __init__(self, state: Path) -> None:
        self.ups = 0
        self.environment = {"PULUMI_HOME": "/a place", MARK: str(state)}
        self.workspace = SimpleNamespace(program=state / "program")

    def checkpoint(self) -> Checkpoint:
        return Checkpoint((), ())

    def up(self) -> None:
        self.ups += 1


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def hand_over(engine: Engine, state: Path, stack: Stack = Stack.PLATFORM) -> str:
    said: list[str] = []
    cluster = SimpleNamespace(
        paths=SimpleNamespace(state=state, pki=state), kubeconfig=state / "kubeconfig"
    )
    entrance = SimpleNamespace(url="http://127.0.0.1:1")
    platform = SimpleNamespace(
        engine=engine, cluster=cluster, entrance=entrance, token="made-up", stack=stack
    )
    handover.hand_over(platform, said.append)  # type: ignore[arg-type]  # as much of it as is used
    return "\n".join(said)


def test_it_says_how_to_use_what_is_left_and_shows_no_token(engine: Engine, tmp_path: Path) -> None:
    said = hand_over(engine, tmp_path)
    for part in ("http://127.0.0.1:1", f"{tmp_path}/token", f"{tmp_path}/kubeconfig", "e2e-down"):
        assert part in said
    assert "made-up" not in said
    assert (tmp_path / "token").read_text() == "made-up"
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0


def test_it_says_how_to_look_where_there_is_something_to_see(
    engine: Engine, tmp_path: Path
) -> None:
    look = "kubectl -n monitoring port-forward svc/kps-prometheus 9090"
    assert look in hand_over(engine, tmp_path, Stack.OBSERVABILITY)
    assert look not in hand_over(engine, tmp_path)


def test_what_the_last_drill_took_away_is_deployed_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "deploying" in hand_over(engine, tmp_path)
    assert engine.ups == 1
    monkeypatch.setattr(handover, "is_deployed", lambda _: True)
    hand_over(engine, tmp_path)
    assert engine.ups == 1


def test_a_shell_with_the_environment_survives_the_end_of_the_platform(
    engine: Engine, tmp_path: Path
) -> None:
    hand_over(engine, tmp_path)
    script = f'. {tmp_path}/environment.sh; echo "$PULUMI_HOME $KUBECONFIG ${{{MARK}:-no mark}}"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"/a place {tmp_path}/kubeconfig no mark\n"
