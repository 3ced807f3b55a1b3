"""Roles of the bridge as processes of their own, to be killed and started again."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2

from tests.running import SECRETS, until


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def toml(content: dict[str, Any], prefix: str = "") -> str:
    """Enough of TOML for our own configurations: tables of plain values."""
    lines, tables = [], []
    for name, value in content.items():
        if isinstance(value, dict):
            tables.append(f"[{prefix}{name}]\n" + toml(value, f"{prefix}{name}."))
        elif isinstance(value, bool):
            lines.append(f"{name} = {str(value).lower()}")
        else:
            lines.append(f"{name} = {value!r}")
    return "\n".join([*lines, *tables]) + "\n"


class RoleProcess:
    def __init__(self, role: str, configuration: dict[str, Any], folder: Path) -> None:
        self.role = role
        self.port = free_port()
        self._file = folder / f"{role}.toml"
        self._file.write_text(toml({**configuration, "server": {"port": self.port}}))
        self._log = folder / f"{role}.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app",
                self.role,
                env={**os.environ, **SECRETS, "BRIDGE_CONFIG": str(self._file)},
                stderr=log,
                stdout=log,
            )
        await until(
            self._ready, f"{self.role} is ready; see its log:\n{self.log_tail()}", seconds=60, every=0.1
        )

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self._process is not None:
            await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        return await self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: as a machine that is suspended, or starved."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()

    async def _ready(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise AssertionError(f"{self.role} ended with {self._process.returncode}:\n{self.log_tail()}")
        try:
            # Plain HTTP: reading the certificates at each try would keep a whole processor busy.
            async with httpx2.AsyncClient(verify=False) as client:
                return (await client.get(f"{self.url}/readyz")).is_success
        except httpx2.HTTPError:
            return False
