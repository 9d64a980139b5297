"""Who commits. A rule that no linter knows, so this reads the source."""

import ast
from pathlib import Path

BACKEND = Path("backend")
# Sessions of requests and jobs; Alembic commits migrations by itself.
MAY_COMMIT = {BACKEND / "db" / "session.py"}


def commits(source: str) -> bool:
    """Say whether a module calls a method named `commit`."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr == "commit" for call in calls
    )


def test_only_the_session_module_commits() -> None:
    found = {path for path in BACKEND.rglob("*.py") if commits(path.read_text(encoding="utf-8"))}

    assert found == MAY_COMMIT


def test_the_check_sees_a_commit() -> None:
    assert commits("async def f(s):\n    await s.commit()")
    assert not commits("async def f(s):\n    await s.flush()  # the caller will commit()")
