"""A real PostgreSQL in the place of an RDS instance: TLS, SCRAM, a limit on connections.

It belongs to nobody's process: it runs until `stop`, or until the cluster whose mark it inherited
goes. Passwords reach it as SCRAM verifiers only, so that no log, file or command line can show one.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import trustme

from e2e.cluster import pki, topology
from e2e.cluster.processes import MARK
from e2e.deploy.cloud import environment
from e2e.deploy.cloud.errors import CloudError, Rejected

BINARIES = Path("/usr/lib/postgresql/15/bin")  # Debian's
# As on RDS, the owner of the data is not a superuser, and somebody else is.
_SUPERUSER = "rdsadmin"
_ITERATIONS = 4096
_START_SECONDS = 60
_PORT = 5432
_LOOPBACK = "127.0.0.1"
_FORCE_TLS = "rds.force_ssl"
# Nothing in a test outlives the machine's power, and memory is short.
_LOCAL = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}


@dataclass(frozen=True, slots=True)
class Settings:
    host: str
    port: int
    user: str
    database: str
    parameters: dict[str, str]


class PostgresServer:
    """One instance, in a directory of its own; also one that another process made."""

    FOLDER = "postgres"  # of all of a world's

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"

    @classmethod
    def all(cls, world: Path) -> list["PostgresServer"]:
        return [cls(file.parent) for file in (world / cls.FOLDER).glob("*/server.json")]

    def create(
        self, *, user: str, database: str, parameters: dict[str, str], password: str
    ) -> Settings:
        """Make and start it. A failure leaves nothing."""
        settings = Settings(*_free_address(), user, database, parameters)
        try:
            self._create(settings, password)
        except BaseException:
            self.destroy()
            raise
        return settings

    def restore(self, kept: Path, parameters: dict[str, str], password: str) -> Settings:
        """Make and start it with data that `keep` left. A failure leaves nothing."""
        shutil.copytree(kept, self._directory)
        try:
            self._own_all()
            host, port = _free_address()
            settings = replace(self.settings, host=host, port=port, parameters=parameters)
            self._write_certificate(host)
            self._write_settings(settings)
            self.start()
            self.set_password(password)
        except BaseException:
            self.destroy()
            raise
        return settings

    def keep(self, place: Path) -> None:
        """Copy the data to a place where they outlive the server; it is stopped."""
        self.stop()
        shutil.copytree(self._directory, place, ignore=shutil.ignore_patterns("*.pid", ".s.*"))

    @property
    def settings(self) -> Settings:
        try:
            return Settings(**json.loads((self._directory / "server.json").read_text()))
        except FileNotFoundError:
            raise CloudError(f"there is no PostgreSQL in {self._directory}") from None

    @property
    def running(self) -> bool:
        return self._run("pg_ctl", "status", "-D", self._data, check=False).returncode == 0

    def start(self) -> None:
        """Start it and return when it answers; one that runs is left alone."""
        if not self.running:
            log = self._directory / "log"
            self._run("pg_ctl", "start", "-w", "-t", _START_SECONDS, "-D", self._data, "-l", log)

    def stop(self) -> None:
        """Cut all connections and end."""
        if self.running:
            self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", self._data)

    def restart(self) -> None:
        self.stop()
        self.start()

    def set_password(self, password: str) -> None:
        user = self.settings.user
        self.sql(f"ALTER ROLE \"{user}\" PASSWORD '{_verifier(password)}'")

    def cut_connections(self) -> int:
        """End those of all users but the superuser, as a failover would; gives back how many."""
        return int(
            self.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND usename <> current_user"
            )
        )

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run it as the superuser; gives back rows as lines, columns between `|`. No secrets."""
        place = ("-h", self._directory, "-p", self.settings.port, "-U", _SUPERUSER)
        arguments = ("-qXwAt", "-v", "ON_ERROR_STOP=1", *place, database)
        return self._run("psql", *arguments, stdin=statement).stdout

    def configure(self, parameters: Mapping[str, str]) -> None:
        """Take another parameter group's values; static ones wait for a restart, as on RDS."""
        self._write_settings(replace(self.settings, parameters=dict(parameters)))
        if self.running:
            self._run("pg_ctl", "reload", "-D", self._data)

    def destroy(self) -> None:
        if self._data.exists():
            self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _create(self, settings: Settings, password: str) -> None:
        self._directory.mkdir(parents=True)
        self._own(self._directory)
        arguments = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self._run("initdb", "-D", self._data, "-U", _SUPERUSER, *arguments)
        self._write_certificate(settings.host)
        self._write_settings(settings)
        self.start()
        # Attributes as of the master user of RDS, which may not read the server's files.
        self.sql(
            f'CREATE ROLE "{settings.user}" LOGIN CREATEDB CREATEROLE'
            f" PASSWORD '{_verifier(password)}'"
        )
        if settings.database:
            self.sql(f'CREATE DATABASE "{settings.database}" OWNER "{settings.user}"')

    def _write_certificate(self, host: str) -> None:
        pki.issue(trustme.CA(), self._data / "server", host, names=(host,))
        for suffix in ("crt", "key"):
            self._own(self._data / f"server.{suffix}")

    def _write_settings(self, settings: Settings) -> None:
        (self._directory / "server.json").write_text(json.dumps(asdict(settings)))
        lines = {
            "listen_addresses": settings.host,
            "port": settings.port,
            "unix_socket_directories": self._directory,
            "ssl": "on",
            "password_encryption": "scram-sha-256",
            # Statements are in the log when they are slow or wrong, their parameters never.
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            **_LOCAL,
            **{key: value for key, value in settings.parameters.items() if "." not in key},
        }
        configuration = "".join(f"{key} = '{value}'\n" for key, value in lines.items())
        self._write("postgresql.conf", configuration)
        # Without a line for clear text: the same refusal as on RDS.
        kind = "hostssl" if settings.parameters.get(_FORCE_TLS, "1") == "1" else "host"
        rules = f"local all {_SUPERUSER} trust\n{kind} all all 0.0.0.0/0 scram-sha-256\n"
        self._write("pg_hba.conf", rules)

    def _write(self, name: str, content: str) -> None:
        path = self._data / name
        path.write_text(content)
        self._own(path)

    def _last_words(self) -> str:
        """Read the end of the server's log, which goes with it."""
        log = self._directory / "log"
        return log.read_text()[-500:] if log.exists() else ""

    def _own(self, path: Path) -> None:
        if user := _server_user():
            shutil.chown(path, user.pw_uid, user.pw_gid)

    def _own_all(self) -> None:
        for path in (self._directory, *self._directory.rglob("*")):
            self._own(path)

    def _run(
        self, program: str, *arguments: object, check: bool = True, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        if not (BINARIES / program).exists():
            raise Rejected(
                f"the fake RDS needs {BINARIES / program}: run `apt-get install postgresql-15`"
            )
        # A file: the server inherits it, and would keep a pipe's reader waiting for its end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*_as_server_user(), str(BINARIES / program), *map(str, arguments)],
                input=stdin,
                stdout=output,
                stderr=output,
                text=True,
                check=False,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", MARK: os.environ.get(MARK, "")},
                # The engine ends a plugin by a signal to its whole group.
                start_new_session=True,
            )
            output.seek(0)
            done.stdout = said = output.read().strip()
        if check and done.returncode != 0:
            how = f"{program} in {self._directory} failed ({done.returncode})"
            raise Rejected(f"{how}: {said[-500:]} {self._last_words()}")
        return done


def _verifier(password: str) -> str:
    """Compute what PostgreSQL stores in place of a password (RFC 5802)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def _free_address() -> tuple[str, int]:
    """Find host and port: the usual port in the cluster's database subnet, if there is a cluster.

    On the loopback interface any port: somebody's own database may want the usual one tomorrow.
    """
    places = [(str(address), _PORT) for address in topology.DATABASES]
    for place in places if environment.kubeconfig() else [(_LOOPBACK, 0)]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            # As PostgreSQL does: a connection in TIME_WAIT does not make a port busy.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            host, port = probe.getsockname()
            return str(host), int(port)
    raise Rejected(f"the fake RDS has room for {len(places)} databases at a time")


def _as_server_user() -> list[str]:
    """Change the user by a program: with `subprocess`'s own way, Python forks, and gRPC crashes."""
    user = _server_user()
    if user is None:
        return []
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _server_user() -> pwd.struct_passwd | None:
    """Name somebody else for root, as which PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
