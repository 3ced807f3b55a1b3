"""Real processes for the system tests: started, waited for until they answer, and ended again."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
SECRETS = {"ACME_VTEX_APP_KEY": "vtexappkey-acmestore", "ACME_VTEX_APP_TOKEN": "token"}
#: One connection whose VTEX is a port on which nobody listens: no test may reach a real store.
CONFIG = """
database_url = "sqlite+aiosqlite:///{database}"
[server]
host = "127.0.0.1"
[connections.acme.vtex]
account = "acmestore"
app_key = "env:ACME_VTEX_APP_KEY"
app_token = "env:ACME_VTEX_APP_TOKEN"
weight_unit = "g"
length_unit = "cm"
rest_url = "http://127.0.0.1:9"
pricing_url = "http://127.0.0.1:9"
payments_url = "http://127.0.0.1:9"
webservice_url = "http://127.0.0.1:9"
"""


def tool(name: str) -> str:
    """The program's path; a missing one is a failure, for a skipped system test proves nothing."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        pytest.fail(f"{name} is not installed: run tests/system/install.sh")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str, status: int = 200) -> bool:
    try:
        return httpx2.get(url, timeout=2, trust_env=False).status_code == status
    except httpx2.TransportError:
        return False


def until(condition: Callable[[], bool], *, seconds: float, what: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s: {what()}")
        time.sleep(0.1)


@contextmanager
def process(
    command: Sequence[str], *, log: Path, ready: Callable[[], bool], env: Mapping[str, str] | None = None
) -> Iterator[None]:
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT) as started,
    ):

        def up() -> bool:
            if started.poll() is not None:
                pytest.fail(f"{command} ended with {started.returncode}:\n{log.read_text()}")
            return ready()

        try:
            until(up, seconds=30, what=lambda: f"{command} is ready:\n{log.read_text()}")
            yield
        finally:
            started.terminate()
            try:
                started.wait(timeout=15)
            except subprocess.TimeoutExpired:
                started.kill()
    # Reached only if the test itself went well: a process that is told to stop finishes what it does.
    assert started.returncode == 0, f"{command} ended with {started.returncode}:\n{log.read_text()}"


@contextmanager
def bridge(directory: Path) -> Iterator[str]:
    """A `bridge all` on a new SQLite file; yields its base URL once it is ready."""
    config = directory / "bridge.toml"
    config.write_text(CONFIG.format(database=directory / "bridge.db"))
    port = free_port()
    # The tester's own BRIDGE_ variables are none of this process's business.
    env = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    env |= SECRETS | {"BRIDGE_CONFIG": str(config), "BRIDGE_SERVER__PORT": str(port)}
    subprocess.run([sys.executable, "-m", "app", "migrate"], cwd=ROOT, env=env, check=True)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app", "all"]
    with process(command, log=directory / "bridge.log", ready=lambda: answers(f"{url}/readyz"), env=env):
        yield url
