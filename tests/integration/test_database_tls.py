"""Connections over TLS. Debian's PostgreSQL 15 only: the embedded one is built without."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db.engine import create_engine
from backend.db.errors import ConnectFailed
from backend.settings import SslMode
from tests.support.ports import free_port
from tests.support.postgres import DEBIAN_15, SUPERUSER, Server, running_server
from tests.support.settings import make_settings


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate for 127.0.0.1 that signs itself, and its key."""
    directory = tmp_path_factory.mktemp("authority")
    subprocess.run(  # noqa: S603  # a command of ours
        ["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", directory / "key.pem", "-out", directory / "certificate.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return directory


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(authority: Path, port: int) -> Iterator[Server]:
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("no PostgreSQL with TLS: run `apt-get install postgresql-15`")
    with running_server("15", listen_addresses="127.0.0.1", port=str(port)) as server:
        server.stop()
        server.use_tls(authority / "certificate.pem", authority / "key.pem")
        server.start()
        yield server


async def connect(port: int, sslmode: SslMode) -> bool:
    """Connect and say whether the connection is encrypted."""
    settings = make_settings(
        database_host="127.0.0.1",
        database_port=port,
        database_name="postgres",
        database_user=SUPERUSER,
        database_sslmode=sslmode,
    )
    engine = create_engine(settings)
    try:
        async with engine.connect() as connection:
            encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool((await connection.exec_driver_sql(encrypted)).scalar_one())
    finally:
        await engine.dispose()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("sslmode", "encrypted"), [("disable", False), ("require", True)])
async def test_the_mode_decides_whether_it_is_encrypted(
    port: int, sslmode: SslMode, encrypted: bool
) -> None:
    assert await connect(port, sslmode) is encrypted


@pytest.mark.usefixtures("server")
async def test_full_verification_takes_a_server_of_a_known_authority(
    port: int, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "certificate.pem"))

    assert await connect(port, "verify-full")


@pytest.mark.usefixtures("server")
async def test_full_verification_refuses_a_server_of_an_unknown_authority(port: int) -> None:
    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await connect(port, "verify-full")
