"""Runs in Grafana's pod, in Grafana's place: probes, login, and what was provisioned. Stdlib alone.

As Grafana: /api/health; with the administrator's name and password /api/search and
/api/dashboards/uid/<uid>, for dashboards whose files are there, and the reload that the sidecar
asks for. Not Grafana's: /stand-in/datasources, the provisioned files as they are, because nothing
here reads YAML. A dashboard that Grafana would refuse is listed all the same, unless it is no JSON.
"""

import base64
import hmac
import json
import os
import signal
import sys
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from e2e.monitoring.answers import Handler

PORT = 3000
DASHBOARDS = Path("/tmp/dashboards")  # noqa: S108 - where the chart mounts it
PROVISIONING = Path(os.environ.get("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"))
_BY_UID = "/api/dashboards/uid/"
_RELOADS = ("/api/admin/provisioning/dashboards/reload",)


def dashboards(folder: Path) -> Iterator[dict[str, Any]]:
    """Give the dashboards of a folder and of those in it, by file name."""
    for path in sorted(folder.rglob("*.json")):
        try:
            content = json.loads(path.read_text())
        except ValueError as error:  # the sidecar may be writing it
            print(f"{path}: {error}", flush=True)
        else:
            yield content


def datasources(folder: Path) -> dict[str, str]:
    """Give the texts of the provisioned files by name."""
    return {path.name: path.read_text() for path in sorted(folder.glob("*.y*ml"))}


def may_enter(header: str | None, user: str, password: str) -> bool:
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return hmac.compare_digest((header or "").encode(), wanted.encode())


class Grafana(Handler):
    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        path = self.path.partition("?")[0]
        if path == "/api/health":
            self.json({"database": "ok", "version": "stand-in"})
        elif path == "/metrics":  # the chart has it scraped
            self.answer('grafana_build_info{version="stand-in"} 1\n')
        elif self._is_administrator():
            self._look(path)

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self._is_administrator():
            known = self.path in _RELOADS
            self.json({"message": "read at each request"}, 200 if known else 404)

    def _look(self, path: str) -> None:
        found = {each.get("uid", ""): each for each in dashboards(DASHBOARDS)}
        if path == "/api/search":
            self.json([_summary(each) for each in found.values()])
        elif path.startswith(_BY_UID) and path.removeprefix(_BY_UID) in found:
            self.json({"dashboard": found[path.removeprefix(_BY_UID)]})
        elif path == "/stand-in/datasources":
            self.json(datasources(PROVISIONING / "datasources"))
        else:
            self.json({"message": "Not found"}, 404)

    def _is_administrator(self) -> bool:
        user = os.environ.get("GF_SECURITY_ADMIN_USER", "admin")
        password = os.environ["GF_SECURITY_ADMIN_PASSWORD"]
        if may_enter(self.headers.get("authorization"), user, password):
            return True
        self.json({"message": "Invalid username or password"}, 401)
        return False


def _summary(dashboard: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "dash-db",
        "uid": dashboard.get("uid", ""),
        "title": dashboard.get("title", ""),
        "tags": dashboard.get("tags", []),
    }


def main() -> None:
    print("stand-in for Grafana: no panel is drawn", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", PORT), Grafana).serve_forever()


if __name__ == "__main__":
    main()
