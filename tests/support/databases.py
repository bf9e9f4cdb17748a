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

from service.demo.embedded_fhir import ServerMissingError, free_port

NAME = "postgresql+psycopg://osteocds@127.0.0.1:{port}/{database}"


@contextmanager
def postgresql_server() -> Iterator[int]:
    """Run PostgreSQL on loopback, as a user who is not root, in a folder of its own; its port."""
    programs = _programs()
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="osteocds-postgresql-"))
    if user is not None:
        os.chown(folder, user, -1)
    cluster = folder / "cluster"
    port = free_port()
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "cwd": folder, "user": user, "check": True}
    options = (
        f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
        "-c fsync=off -c shared_buffers=16MB -c max_connections=60 -c timezone=Asia/Tokyo"
    )
    try:
        initdb = ["initdb", "--auth=trust", "--username=osteocds", "--no-locale", "--encoding=UTF8", "--no-sync"]
        subprocess.run([programs / initdb[0], *initdb[1:], cluster], **quiet)  # noqa: S603, PLW1510 - programs of Debian
        control = [programs / "pg_ctl", "--pgdata", cluster, "--wait", "--log", folder / "log"]
        subprocess.run([*control, "--options", options, "start"], **quiet)  # noqa: S603, PLW1510 - as above
        try:
            yield port
        finally:
            subprocess.run([*control, "--mode=immediate", "stop"], **quiet)  # noqa: S603, PLW1510 - as above
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(port: int) -> Iterator[str]:
    """An empty database of the server; its URL."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(NAME.format(port=port, database="postgres"), isolation_level="AUTOCOMMIT")
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
