"""A PostgreSQL server of a test's own: a fresh cluster in a temporary folder, reached over a socket in it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

USER = "grader"


def binary(name: str) -> str | None:
    """A program of PostgreSQL's, which Debian keeps off the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(places[-1]) if places else None)


MISSING = [name for name in ("initdb", "postgres") if binary(name) is None]
needs_postgres = pytest.mark.skipif(bool(MISSING), reason=f"PostgreSQL is not installed: no {', '.join(MISSING)}")


@dataclass
class Postgres:
    """A server that can be killed and started again."""

    folder: Path
    """Short, since a socket's path must be."""
    process: subprocess.Popen | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it and wait until it answers; what a killed one left running is waited for."""
        until = time.monotonic() + 60
        command = [binary("postgres"), "-D", f"{self.folder}/data", "-k", str(self.folder), "-c", "listen_addresses="]
        while time.monotonic() < until:
            if self.process is None or self.process.poll() is not None:
                self.process = self._popen(command)
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.1)
        raise TimeoutError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # its fast shutdown
            self.process.wait(30)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(f"host={self.folder} user={USER} dbname=postgres", autocommit=True, connect_timeout=5)

    def create(self, database: str) -> str:
        """A new database; its URL."""
        with self.connect() as connection:
            connection.execute(f'create database "{database}"')
        return self.url(database)

    def _popen(self, command: list[str]) -> subprocess.Popen:
        # as root it refuses to run
        ordinary = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **ordinary)


@contextlib.contextmanager
def postgres():
    """A running server."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            about = pwd.getpwnam("nobody")
            os.chown(folder, about.pw_uid, about.pw_gid)
        server = Postgres(folder)
        made = server._popen([binary("initdb"), "-D", f"{folder}/data", "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"])
        if made.wait(120) != 0:
            raise RuntimeError((folder / "log").read_text()[-2000:])
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
