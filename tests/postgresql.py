"""A PostgreSQL server for tests: Debian's package, started as an unprivileged user on a free port, then removed."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

NOT_INSTALLED = "PostgreSQL is not installed (apt-get install postgresql)"
_numbers = itertools.count()


def binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server of the programs in `folder`; its data end with the block."""
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(prefix="alive402-postgresql-"))
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(data, account.pw_uid, account.pw_gid)

    def run(program: str, *arguments: str) -> None:
        command = [str(folder / program), "-D", str(data / "data"), *arguments]
        with (data / "programs.log").open("ab") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, user=user, cwd=data, timeout=120)

    try:
        run("initdb", "--username=alive402", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {data} -c fsync=off -c max_connections=200"

        def start() -> None:
            run("pg_ctl", "--wait", "--log", str(data / "server.log"), "--options", options, "start")

        def stop() -> None:
            run("pg_ctl", "--wait", "--mode=immediate", "stop")

        start()
        try:
            yield Server(port, stop, start)
        finally:
            stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


class Server:
    """A running server that makes databases."""

    def __init__(self, port: int, stop: Callable[[], None], start: Callable[[], None]) -> None:
        self._port = port
        self._stop = stop
        self._start = start

    @contextmanager
    def away(self) -> Iterator[None]:
        """Kill the server, and start it again after the block."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        where = f"host=127.0.0.1 port={self._port} user=alive402 dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, template: str = "template0") -> str:
        """The URL of a new database, for SQLAlchemy; its last part is the name, usable as a template."""
        name = f"ledger{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://alive402@127.0.0.1:{self._port}/{name}"
