"""Alerta in an environment of its own, beside ours: its dependencies must not meet our lock."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.database import ALERTA, Postgres
from benchmarks.processes import BUILD, ROOT, Service, environment, run, service
from tests.support.postgres import SUPERUSER

PATH = "/webhooks/prometheus"
# The default ones without the forwarder. It has nowhere to send alerts to, but Alerta would write
# each alert twice more after it, and read the whole table to find it.
PLUGINS = ["remote_ip", "reject", "heartbeat", "blackout"]
_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"
_CONFIGURATION = _HERE / "workers.py"
_ENVIRONMENT = BUILD / "bench-alerta"


def install() -> Path:
    """Make the environment, or bring it to what is pinned; return its directory of programs."""
    uv = shutil.which("uv") or str(ROOT / ".local/tools/bin/uv")
    if not (_ENVIRONMENT / "bin/python").exists():
        run([uv, "venv", "--quiet", "--python", "3.11", _ENVIRONMENT])
    python = _ENVIRONMENT / "bin/python"
    run([uv, "pip", "sync", "--quiet", "--python", python, _REQUIREMENTS])
    return _ENVIRONMENT / "bin"


@contextmanager
def alerta(postgres: Postgres, directory: Path) -> Iterator[Service]:
    """Run Alerta behind gunicorn, as workers.py configures it."""
    programs = install()
    settings = directory / "alertad.conf"
    url = f"postgresql://{SUPERUSER}@/{ALERTA}?host={postgres.socket}"
    settings.write_text(
        f"DEBUG = False\nDATABASE_URL = {url!r}\nDATABASE_NAME = {ALERTA!r}\n"
        f"PLUGINS = {PLUGINS!r}\n",
        encoding="utf-8",
    )
    env = environment(ALERTA_SVR_CONF_FILE=str(settings))
    command: list[str | Path] = [
        programs / "gunicorn",
        f"--config={_CONFIGURATION}",
        "alerta:create_app()",
    ]
    with service(command, directory / "alerta.log", env, cwd=directory) as running:
        yield running
