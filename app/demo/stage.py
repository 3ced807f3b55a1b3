"""The stage of one round: a fresh sandbox, and a real bridge beside it with a database of its own."""

import asyncio
import json
import os
import subprocess  # nosec B404  # our own program, without a shell
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from app.database import Database
from app.demo.goods import Record
from app.demo.polling import Stuck, until
from app.keys import Keys
from app.sandbox import create_sandbox

CONNECTION, ACCOUNT = "vasos", "vasosdaserra"
#: Of a store that holds nothing; they are secrets here so that they travel as secrets do.
APP_KEY, APP_TOKEN = "vtexappkey-vasosdaserra-DEMO", "demo-token"
CALLBACK_SECRET = "whsec_YW4tRVJQJ3MtZGF5LWluLXRoZS1kZW1vLXNlY3JldA=="  # nosec B105  # noqa: S105  published, guards nothing
_HOST = "127.0.0.1"
#: Where `-m app` finds this package, whatever else is called `app` where the viewer stands.
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Stage:
    catalog: str
    sandbox_url: str
    bridge_url: str
    #: The ERP's key.
    key: str
    log: Path
    bridge: subprocess.Popen[bytes]


@contextmanager
def open_stage(directory: Path, catalog: str) -> Iterator[Stage]:
    directory.mkdir()
    with _sandbox() as sandbox_url:
        configuration = _configure(directory, sandbox_url, catalog)
        log = directory / "bridge.log"
        with _bridge(configuration, log) as (process, bridge_url):
            key = asyncio.run(_create_key(directory))
            yield Stage(catalog, sandbox_url, bridge_url, key, log, process)


@contextmanager
def _sandbox() -> Iterator[str]:
    app = create_sandbox(
        account=ACCOUNT, app_key=APP_KEY, app_token=APP_TOKEN, callback_secret=CALLBACK_SECRET
    )
    config = uvicorn.Config(app, host=_HOST, port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    # In a thread: there uvicorn leaves the signals alone, which are the play's.
    thread = threading.Thread(target=server.run, name="sandbox", daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "the sandbox to answer", seconds=_START_SECONDS)
        yield f"http://{_HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)


def _configure(directory: Path, sandbox: str, catalog: str) -> Path:
    """A bridge.toml as an operator would write it; only the feed is read more often than VTEX likes."""
    secret = directory / "callback-secret"
    secret.write_text(CALLBACK_SECRET, encoding="utf-8")
    text = f"""
database_url = {json.dumps(f"sqlite:///{_database(directory)}")}
server = {{ host = "{_HOST}", port = 0 }}

[connections.{CONNECTION}.vtex]
account = "{ACCOUNT}"
app_key = "env:DEMO_VTEX_APP_KEY"
app_token = "env:DEMO_VTEX_APP_TOKEN"
catalog = "{catalog}"
weight_unit = "kg"
length_unit = "cm"
rest_url = "{sandbox}"
pricing_url = "{sandbox}/{ACCOUNT}"
webservice_url = "{sandbox}/AdminWebService/Service.svc"

[connections.{CONNECTION}.erp]
callback_url = "{sandbox}/erp/orders"
callback_secret = {json.dumps(f"file:{secret.as_posix()}")}

[connections.{CONNECTION}.orders]
sources = ["feed", "list"]
feed_poll_seconds = 0.5
list_poll_seconds = 1
"""
    configuration = directory / "bridge.toml"
    configuration.write_text(text, encoding="utf-8")
    return configuration


@contextmanager
def _bridge(configuration: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`bridge all` as a process of its own; it logs into a file and is asked to stop at the end."""
    command = [sys.executable, "-m", "app", "all", "--config", str(configuration)]
    with log.open("wb") as file:
        process = subprocess.Popen(  # nosec B603  # noqa: S603  our own program
            command, cwd=_ROOT, env=_environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        port = until(lambda: _port(process, log), "the bridge to start", seconds=_START_SECONDS)
        yield process, f"http://{_HOST}:{port}"
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """The settings of a bridge that is run from this shell must not leak into the play: it has a database."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith("BRIDGE_")}
    secrets = {"DEMO_VTEX_APP_KEY": APP_KEY, "DEMO_VTEX_APP_TOKEN": APP_TOKEN}
    # Where the machine has a proxy, the sandbox is not behind it.
    return inherited | secrets | {"NO_PROXY": _HOST, "no_proxy": _HOST}


def _port(process: subprocess.Popen[bytes], log: Path) -> int | None:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if process.poll() is not None:
        raise Stuck(f"the bridge ended with {process.returncode}: {' / '.join(lines[-3:])}")
    # The last line may still be on its way into the file.
    records = (record for record in map(parsed, lines) if record is not None)
    return next((int(record["port"]) for record in records if record.get("event") == "started"), None)


def parsed(line: str) -> Record | None:
    """One line of the bridge's log; None for what is no JSON object."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


async def _create_key(directory: Path) -> str:
    """What `bridge keys create` does."""
    database = Database(f"sqlite+aiosqlite:///{_database(directory)}")
    try:
        return await Keys(database).create(CONNECTION)
    finally:
        await database.close()


def _database(directory: Path) -> str:
    return (directory / "bridge.db").as_posix()
