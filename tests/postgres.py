"""A private PostgreSQL for the tests: in a temporary folder, as an unprivileged user, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",  # a test's database need not survive a power cut; that it waits for the flush is PostgreSQL's business
    "full_page_writes": "off",
    "autovacuum": "off",  # plans must not depend on when it comes round
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs, or None where they are not installed."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = (folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists())
    return max(folders, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, default=None)


@dataclass
class Postgres:
    """A running server. ``url(name)`` names a database of it."""

    programs: Path
    folder: Path
    port: int
    user: str

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://watcher@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-t", "60", "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def create(self, database: str) -> str:
        """Make a database; return its URL."""
        self.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def empty(self, database: str, tables: Sequence[str], *, version: str) -> None:
        """Empty the tables, ending the sessions that still use them, and set the schema's version back."""
        self.end_sessions()
        names = ", ".join(f'"{table}"' for table in tables)
        self.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE; UPDATE alembic_version SET version_num = '{version}'", database)

    def end_sessions(self) -> None:
        """What an administrator, or a firewall, does to idle and busy sessions alike."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'watcher'")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement, outside of any transaction."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            user=self.user or None,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "out").open("ab"),
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {(self.folder / 'out').read_text()[-2000:]}")


@contextmanager
def server(*, fsync: bool = False) -> Iterator[Postgres]:
    """Start a private server and remove it with everything that it wrote.

    :param fsync: wait for the disk, as a real one does: for measuring.
    """
    found = programs()
    if found is None:
        raise FileNotFoundError("PostgreSQL's server programs are not installed")
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="watcher-postgres-"))
    postgres = Postgres(found, folder, _free_port(), user)
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        postgres._run("initdb", "-D", str(data), "-U", "watcher", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        durable = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"} if fsync else {}
        settings = SETTINGS | durable | {"port": str(postgres.port), "unix_socket_directories": f"'{folder}'"}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value if value.startswith(chr(39)) else repr(value)}\n" for name, value in settings.items())
        postgres.start()
        yield postgres
    finally:
        _end(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str:
    """Whom to run the server as: PostgreSQL refuses to run as root. "" = as we are."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise FileNotFoundError("neither a user postgres nor nobody to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(folder: Path) -> None:
    """End the server that this folder's pid file names, and wait until it is gone."""
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)  # "immediate"
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return
    until = time.monotonic() + 20
    while time.monotonic() < until and Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
