"""Databases for tests: a file of SQLite, and a PostgreSQL server on loopback that is started once a test run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from support.held_by_processes import held_still, with_those_below

from service.demo.embedded_fhir import ServerMissingError, free_port

NAME = "postgresql+psycopg://osteocds@127.0.0.1:{port}/{database}"


class PostgreSqlServer:
    """One server on loopback, in a folder of its own, run by a user who is not root; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._programs = _programs()
        self._user = _unprivileged()
        self._folder = folder
        self.port = free_port()
        if self._user is not None:
            os.chown(folder, self._user, -1)
        options = ["--auth=trust", "--username=osteocds", "--no-locale", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", *options, folder / "cluster")

    def start(self) -> None:
        options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} "
            "-c fsync=off -c shared_buffers=16MB -c max_connections=60 -c timezone=Asia/Tokyo"
        )
        self._control("--log", self._folder / "log", "--options", options, "start")

    def stop(self) -> None:
        """At once, with the connections that there are."""
        self._control("--mode=immediate", "stop")

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """It takes what is sent, and says nothing, while the block lasts."""
        first = (self._folder / "cluster/postmaster.pid").read_text().split()[0]
        with held_still(list(with_those_below(int(first)))):
            yield

    def _control(self, *options: str | Path) -> None:
        self._run("pg_ctl", "--pgdata", self._folder / "cluster", "--wait", *options)

    def _run(self, program: str, *options: str | Path) -> None:
        subprocess.run(
            [self._programs / program, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self._folder,
            user=self._user,
            check=True,
        )


@contextmanager
def postgresql() -> Iterator[PostgreSqlServer]:
    """A server that runs, which the block may stop if it starts it again. Raises `ServerMissingError` where none is installed."""
    folder = Path(tempfile.mkdtemp(prefix="osteocds-postgresql-"))
    try:
        server = PostgreSqlServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql_server() -> Iterator[int]:
    """The port of a server that runs."""
    with postgresql() as server:
        yield server.port


@contextmanager
def fresh_database(port: int) -> Iterator[str]:
    """An empty database of the server; its URL."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(
        NAME.format(port=port, database="postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield NAME.format(port=port, database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def _programs() -> Path:
    """Where Debian, or the path, has the programs of a server."""
    found = shutil.which("initdb")
    places = [*([Path(found).resolve().parent] if found else []), *Path("/usr/lib/postgresql").glob("*/bin")]
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise ServerMissingError("initdb is not installed; PostgreSQL 13 or newer is needed.")


def _unprivileged() -> int | None:
    """The user who runs the server, which refuses to be run by root; None where we are nobody special."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise ServerMissingError("there is no user other than root to run PostgreSQL as")
